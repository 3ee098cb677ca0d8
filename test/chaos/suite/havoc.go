//go:build linux

package suite

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

// onWorkers is what may happen to a worker.
var onWorkers = []fault{
	{"kill -9", 6, 0, 0, kill},
	{"SIGTERM", 3, 0, 0, term},
	{"short SIGSTOP", 1, stormLease / 4, stormLease / 2, stop},
	{"long SIGSTOP", 3, 3 * stormLease / 2, 5 * stormLease / 2, stop},
	{"reset", 4, 0, 0, reset},
	{"short black hole", 3, stormLease / 4, stormLease / 2, blackHole},
	{"long black hole", 2, 3 * stormLease / 2, 5 * stormLease / 2, blackHole},
	{"lost reply", 6, 0, time.Second, loseReply("fetch", "settle", "beat", "claim", "promote", "steal", "allocate", "blmove")},
	{"latency", 2, stormLease / 4, stormLease, latency},
}

// onSenders is what may happen to an API or a producer.
var onSenders = []fault{
	{"kill -9", 5, 0, 0, kill},
	{"SIGTERM", 3, 0, 0, term},
	{"SIGSTOP", 2, stormLease / 4, 2 * stormLease, stop},
	{"reset", 4, 0, 0, reset},
	{"black hole", 2, stormLease / 4, 2 * stormLease, blackHole},
	{"lost reply", 6, 0, time.Second, loseReply("enqueue", "enqueue_one", "allocate", "reserve", "answer", "lpush")},
	{"latency", 2, stormLease / 4, stormLease, latency},
}

// onRedis is what may happen to Redis.
var onRedis = []fault{
	{"quick kill -9", 4, 0, stormLease / 4, killRedis},
	{"long kill -9", 2, 3 * stormLease / 2, 2 * stormLease, killRedis},
	{"short SIGSTOP", 2, stormLease / 4, stormLease / 2, stopRedis},
	{"long SIGSTOP", 2, 3 * stormLease / 2, 2 * stormLease, stopRedis},
	{"script flush", 4, 0, 0, flushScripts},
}

// termWithin bounds how long a process may take to end in order.
const termWithin = 30 * time.Second

func kill(_ context.Context, v victim) error {
	v.process.Kill(v.fault)
	return nil
}

func term(ctx context.Context, v victim) error {
	ctx, cancel := context.WithTimeout(ctx, termWithin)
	defer cancel()
	return v.process.Term(ctx)
}

func stop(ctx context.Context, v victim) error {
	v.process.Stop()
	rest(ctx, v.length)
	v.process.Continue(v.fault)
	return nil
}

func reset(_ context.Context, v victim) error {
	v.process.Cut(ledger.Reset, v.process.Way.Reset)
	return nil
}

func blackHole(ctx context.Context, v victim) error {
	v.process.Cut(ledger.BlackHole, func() {
		v.process.Way.BlackHole()
		rest(ctx, v.length)
		v.process.Way.Pass()
	})
	return nil
}

// maxLatency is how much later a command or an answer may arrive.
const maxLatency = 60 * time.Millisecond

func latency(ctx context.Context, v victim) error {
	v.process.Cut(ledger.Latency, func() {
		v.process.Way.Delay(time.Duration(v.chance % uint64(maxLatency)))
		rest(ctx, v.length)
		v.process.Way.Delay(0)
	})
	return nil
}

// loseReply has the reply of one of some commands get lost.
func loseReply(commands ...string) func(context.Context, victim) error {
	return func(ctx context.Context, v victim) error {
		v.process.LoseReply(ctx, commands[v.chance%uint64(len(commands))], v.length)
		return nil
	}
}

func killRedis(ctx context.Context, v victim) error {
	v.rig.Redis.Kill()
	rest(ctx, v.length)
	return v.rig.Redis.Restart()
}

func stopRedis(ctx context.Context, v victim) error {
	if err := v.rig.Redis.Stop(); err != nil {
		return err
	}
	rest(ctx, v.length)
	return v.rig.Redis.Continue()
}

func flushScripts(ctx context.Context, v victim) error { return v.rig.Redis.FlushScripts(ctx) }

// cutPower kills Redis and takes from its append-only file a part of what it wrote in the time of the
// fault, which is less than what a power cut may cost.
func cutPower(ctx context.Context, v victim) error {
	var sizes []rig.Size
	for end := time.Now().Add(v.length); ctx.Err() == nil && (len(sizes) < 2 || time.Now().Before(end)); {
		size, err := v.rig.Redis.Written()
		if err != nil {
			return err
		}
		sizes = append(sizes, size)
		rest(ctx, lookEvery)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	wrote := max(sizes[len(sizes)-1].Bytes-sizes[0].Bytes, 0)
	if err := v.rig.Redis.CutPower(int64(v.chance%uint64(wrote+1)), sizes); err != nil {
		return err
	}
	return v.rig.Redis.Restart()
}
