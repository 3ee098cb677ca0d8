package redistest

import "go.uber.org/goleak"

// GoZero are the goroutines that importing go-zero starts and never ends, for [Main] to overlook.
var GoZero = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/proc.init.1.func1"),
	goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/stat.init.1.func1"),
}

// GoZeroServer are those of [GoZero], and those that go-zero's HTTP server begins once in a process and
// does not end.
var GoZeroServer = append([]goleak.Option{
	goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/load.(*SheddingStat).run"),
	goleak.IgnoreAnyFunction("github.com/zeromicro/go-zero/core/executors.(*PeriodicalExecutor).backgroundFlush.func1"),
}, GoZero...)

// dialling is what go-redis leaves for up to a second when a client is closed whose server is away.
var dialling = goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")
