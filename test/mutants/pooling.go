package main

const (
	pools = "./internal/pool"
	pool  = "internal/pool/"
)

// pooling is how handlers are run.
var pooling = []Mutant{{
	Name: "pool-lost-lease-goes-on", Why: "handlers are not told that their tasks belong to others", File: pool + "lane.go",
	Old: "	l.countLoss()\n	if l.cancel != nil {", New: "	l.countLoss()\n	if false && l.cancel != nil {",
	Package: pools, Run: "TestHeart_|TestLease_",
}, {
	Name: "pool-starts-what-was-lost", Why: "tasks start whose lease was lost while they came", File: pool + "fetcher.go",
	Old: "if !l.admit(p.work, d.Lease, mark) {", New: "if !l.admit(p.work, d.Lease, l.mark()) {",
	Package: pools, Run: "TestHeart_|TestLease_",
}, {
	Name: "pool-batch-starts-what-was-lost", Why: "a batch starts tasks whose lease was lost while it was gathered", File: pool + "executor.go",
	Old: "	if p.lostBefore(l, deliveries...) {", New: "	if false {",
	Package: pools, Run: "TestGatherer_|TestLease_",
}, {
	Name: "pool-slot-freed-too-early", Why: "a handler that ignores its context makes room for another", File: pool + "executor.go",
	Old: "	result, err = zeroq.Run(", New: "	context.AfterFunc(ctx, func() { p.slots.release(1) })\n	result, err = zeroq.Run(",
	Package: pools, Run: "TestPool_|TestDrain_|TestStuck_|TestReady_",
}, {
	Name: "pool-settles-before-the-result", Why: "a task is settled while its handler runs", File: pool + "executor.go",
	Old: "	result, err = zeroq.Run(", New: "	p.finish(one, nil, nil)\n	result, err = zeroq.Run(",
	Package: pools, Run: "TestJudge_|TestDrain_|TestPool_",
}, {
	Name: "pool-panics", Why: "a handler that panics takes all others along", File: "handler.go",
	Old: "			err = &PanicError{Value: value, Stack: debug.Stack()}\n", New: "			panic(value)\n",
	Package: pools, Run: "TestJudge_",
}, {
	Name: "pool-settles-what-it-gave-up", Why: "a task that was handed back is settled once more by its old handler", File: pool + "executor.go",
	Old: "	if p.running.remove(one.delivery) {", New: "	if p.running.remove(one.delivery); true {",
	Package: pools, Run: "TestDrain_",
}, {
	Name: "pool-shares-its-task", Why: "what a handler does to its task changes the message", File: pool + "executor.go",
	Old: "	task := ownCopy(d.Task)\n", New: "	task := d.Task\n",
	Package: pools, Run: "TestPool_",
}, {
	Name: "pool-starts-uncommitted", Why: "a task that must not start twice does", File: pool + "fetcher.go",
	Old: "	for _, d := range committed {", New: "	for _, d := range startable {",
	Package: pools, Run: "TestPool_|TestDrain_|TestLease_",
}, {
	Name: "pool-loses-uncommitted", Why: "tasks that could not be committed are nobody's", File: pool + "fetcher.go",
	Old: "			p.settle(l, broker.Outcome{Delivery: d, State: zeroq.Ready}, err)\n", New: "			_ = d\n",
	Package: pools, Run: "TestPool_",
}, {
	Name: "pool-waits-without-a-slot", Why: "a full pool takes tasks that others have slots for", File: pool + "fetcher.go",
	Old: "			p.disarm(ctx)\n", New: "",
	Package: pools, Run: "TestPool_|TestWatcher_",
}, {
	Name: "drain-waits-for-nobody", Why: "a stop does not wait for its handlers", File: pool + "pool.go",
	Old: "	if p.slots.drained(patience) {", New: "	if true {",
	Package: pools, Run: "TestDrain_",
}, {
	Name: "drain-stops-its-heart", Why: "the lease runs out while the last tasks are settled", File: pool + "pool.go",
	Old: "	p.drain(background, patience)\n", New: "	stopHearts()\n	p.drain(background, patience)\n",
	Package: pools, Run: "TestDrain_",
}, {
	Name: "drain-forgets-its-batches", Why: "what is gathered when a stop comes is left", File: pool + "pool.go",
	Old: "	p.gatherer.flushAll(true)\n", New: "",
	Package: pools, Run: "TestDrain_",
}, {
	Name: "acker-tries-once", Why: "an outcome that could not be settled is forgotten", File: pool + "acker.go",
	Old: "		if !backoff.Pause(ctx, a.errs.Failed(err)) {\n			break\n		}", New: "		return a.answered(nil)",
	Package: pools, Run: "TestAcker_",
}, {
	Name: "acker-mixes-leases", Why: "outcomes of two leases are settled as if they were of one", File: pool + "acker.go",
	Old: " && a.waiting[n].Delivery.Lease == a.waiting[0].Delivery.Lease {", New: " {",
	Package: pools, Run: "TestAcker_",
}, {
	Name: "acker-hurries", Why: "each outcome is settled by a call of its own", File: pool + "acker.go",
	Old: "		if !a.closed() && a.busy() {", New: "		if false {",
	Package: pools, Run: "TestAcker_",
}, {
	Name: "exchange-forgets-its-outcomes", Why: "outcomes that a fetch took along in vain are forgotten", File: pool + "acker.go",
	Old: "	if err := exchange(a.batch); !a.answered(err) {", New: "	if err := exchange(a.batch); !a.answered(nil) {",
	Package: pools, Run: "TestExchange_",
}, {
	Name: "ahead-starves-others", Why: "what is fetched ahead keeps a queue from its slots that gives none ahead", File: pool + "fetcher.go",
	Old: "		l.slotted = l.slotted || free == 0\n", New: "",
	Package: pools, Run: "TestAhead_",
}, {
	Name: "heart-trusts-its-lease-for-ever", Why: "handlers go on though no heartbeat worked for a lease", File: pool + "heart.go",
	Old: "if time.Since(good) >= lease {", New: "if time.Since(good) >= 1000*lease {",
	Package: pools, Run: "TestHeart_",
}, {
	Name: "heart-gives-up-at-once", Why: "one heartbeat that fails ends all handlers", File: pool + "heart.go",
	Old: "if time.Since(good) >= lease {", New: "if time.Since(good) >= 0 {",
	Package: pools, Run: "TestHeart_",
}}
