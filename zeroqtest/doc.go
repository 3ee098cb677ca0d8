// Package zeroqtest helps to test code that enqueues tasks and code that handles them, without Redis
// and without a goroutine of its own.
//
// [Run] runs one handler on one task and tells what became of it:
//
//	got := zeroqtest.Run(t, handler, zeroq.NewTask("invoice.send", invoice))
//	if got.State != zeroq.Retry || got.Delay != time.Minute {
//		t.Errorf("it is %s: %v", got.State, got.Err)
//	}
//
// [New] makes queues in memory, with a worker and a clock that the test moves. They are a
// [zeroq.Enqueuer] for the code under test, and decide as a real worker does on Redis:
//
//	q := zeroqtest.New(t, mux)
//	signUp(ctx, q, "ann@example.com")          // enqueues "email.welcome"
//	q.WantEnqueued("email.welcome", 1)
//	q.Drain(ctx)                               // runs it, its retries and what they enqueue
//	q.WantSucceeded()
//
// Handlers run one after the other in the goroutine of the test, so that they may use t.Fatal, and
// everything that happens does so in the same order each time. Retry delays have no jitter. What only
// several processes can do to each other is left out: leases, crashes, limits, pauses.
package zeroqtest
