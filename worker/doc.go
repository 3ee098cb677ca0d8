// Package worker runs the handlers of a mux on the tasks of some queues.
//
//	mux := zeroq.NewMux()
//	mux.Handle("email", zeroq.HandlerOf(sendEmail))
//	w, err := worker.New(worker.Conf{Redis: redisConf}, mux)
//	…
//	group := service.NewServiceGroup()
//	defer group.Stop()
//	w.AddTo(group)
//	group.Start()
//
// A worker is several go-zero services: its pools, and the upkeep that keeps queues in order. A
// ServiceGroup stops all of its services at once; the worker keeps the order that matters: pools
// stop fetching, drain, hand back what is left, and only then does the worker leave.
//
// go-zero kills a process 5.5 s after SIGTERM unless Shutdown.WaitTime says otherwise: see
// [Conf.CheckShutdown].
package worker
