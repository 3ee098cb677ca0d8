package worker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/proc"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func pool(set func(*worker.PoolConf)) worker.Conf {
	p := worker.PoolConf{Queues: []worker.QueueConf{{Name: "a"}, {Name: "b"}}}
	set(&p)
	return worker.Conf{Pools: []worker.PoolConf{{}, p}}
}

func TestConf_MistakesAreNamedByTheirKey(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]worker.Conf{
		"Lease: 999ms":           {Lease: 999 * time.Millisecond},
		"Lease: 10m0.001s":       {Lease: 10*time.Minute + time.Millisecond},
		"Drain: -1s":             {Drain: -time.Second},
		"DeadFor: -1s":           {DeadFor: -time.Second},
		"MaxDead: -1":            {MaxDead: -1},
		"MaxFinished: -1":        {MaxFinished: -1},
		"Retry: ":                {Retry: zeroq.RetryPolicy{Base: time.Second}},
		"Redis.DB: -1":           {Redis: zeroq.RedisConf{DB: -1}},
		"Pools[1].Concurrency:":  pool(func(p *worker.PoolConf) { p.Concurrency = -1 }),
		"Pools[1].Concurrency: ": pool(func(p *worker.PoolConf) { p.Concurrency = 10_001 }),

		"Pools[1].Queues[1].Name: \"B\"":     pool(func(p *worker.PoolConf) { p.Queues[1].Name = "B" }),
		"Pools[1].Queues[1].Name: \"\"":      pool(func(p *worker.PoolConf) { p.Queues[1].Name = "" }),
		"Pools[1].Queues[1].Name: queue":     pool(func(p *worker.PoolConf) { p.Queues[1].Name = "a" }),
		"Pools[1].Queues[0].Name: queue":     pool(func(p *worker.PoolConf) { p.Queues[0].Name = "default" }),
		"Pools[1].Queues[0].Weight: -1":      pool(func(p *worker.PoolConf) { p.Queues[0].Weight = -1 }),
		"Pools[1].Queues[0].Weight: 1001":    pool(func(p *worker.PoolConf) { p.Queues[0].Weight = 1001 }),
		"Pools[1].Queues[0].Mode: \"maybe\"": pool(func(p *worker.PoolConf) { p.Queues[0].Mode = "maybe" }),
		"Pools[1].Queues[1].Intake:":         pool(func(p *worker.PoolConf) { p.Queues[1].Intake = []string{"x", ""} }),

		"Pools[1].Queues[1].Retry: ":              pool(func(p *worker.PoolConf) { p.Queues[1].Retry.Base = time.Second }),
		"Pools[1].Queues[1].Retention: -1s":       pool(func(p *worker.PoolConf) { p.Queues[1].Retention = -time.Second }),
		"Pools[1].Queues[1].Retention: 8761h":     pool(func(p *worker.PoolConf) { p.Queues[1].Retention = 8761 * time.Hour }),
		"Pools[1].Queues[1].Limits.Rate: ":        pool(func(p *worker.PoolConf) { p.Queues[1].Limits.Rate = -1 }),
		"Pools[1].Queues[1].Limits.Burst: ":       pool(func(p *worker.PoolConf) { p.Queues[1].Limits.Burst = 3 }),
		"Pools[1].Queues[1].Limits.Concurrency: ": pool(func(p *worker.PoolConf) { p.Queues[1].Limits.Concurrency = -1 }),
		"Pools[1].Queues[1].Limits.MaxLength: ":   pool(func(p *worker.PoolConf) { p.Queues[1].Limits.MaxLength = -1 }),

		"Pools[1].Queues[1].Intake: \"zq:{a}:ready\"": pool(func(p *worker.PoolConf) { p.Queues[1].Intake = []string{"zq:{a}:ready"} }),
	} {
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if _, err := worker.New(c, zeroq.NewMux()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("New answers %v, want %q", err, want)
		}
	}
}

func TestConf_IntakeInAClusterMustShareTheQueuesSlot(t *testing.T) {
	t.Parallel()
	for list, ok := range map[string]bool{"legacy": false, "{a}:legacy": true} {
		c := pool(func(p *worker.PoolConf) { p.Queues[0].Intake = []string{list} })
		c.Redis = zeroq.RedisConf{Addrs: []string{"127.0.0.1:1"}, Cluster: true}
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("%s: %v", list, err)
		}
	}
}

func TestConf_ValidateAndNewLeaveTheCallersValueAlone(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	c := pool(func(*worker.PoolConf) {})
	c.Redis = redis
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	w, err := worker.New(c, zeroq.NewMux())
	if err != nil {
		t.Fatal(err)
	}
	w.Stop()
	if c.Lease != 0 || c.Pools[0].Concurrency != 0 || c.Pools[1].Queues[0].Weight != 0 {
		t.Errorf("%+v", c)
	}
}

func TestConf_YAMLYieldsTheDefaults(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing but Redis": "Redis:\n  Addrs: [\"127.0.0.1:6379\"]\n",
		"an empty pool":     "Redis:\n  DB: 0\nPools:\n  - Queues:\n      - Name: default\n",
		"nothing":           "{}",
	} {
		var c worker.Conf
		if err := conf.LoadFromYamlBytes([]byte(text), &c); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Lease != 12*time.Second || c.Drain != 20*time.Second || c.DeadFor != 90*24*time.Hour || c.MaxDead != 100_000 || c.MaxFinished != 100_000 ||
			len(c.Redis.Addrs) != 1 || c.Redis.Addrs[0] != "127.0.0.1:6379" {
			t.Errorf("%s: %+v", name, c)
		}
		if len(c.Pools) > 0 && (c.Pools[0].Concurrency != 10 || c.Pools[0].Queues[0].Weight != 1 || c.Pools[0].Queues[0].Mode != "at-least-once" ||
			c.Pools[0].Queues[0].Retry != zeroq.RetryPolicy{} || c.Pools[0].Queues[0].Retention != time.Hour || c.Pools[0].Queues[0].Limits != zeroq.Limits{}) {
			t.Errorf("%s: %+v", name, c.Pools)
		}
	}
}

func TestConf_YAMLSetsEverything(t *testing.T) {
	t.Parallel()
	const text = `
Redis:
  Addrs: ["redis:6379"]
Lease: 5s
Drain: 1m
Retry:
  Base: 2s
Pools:
  - Name: mail
    Concurrency: 3
    Strict: true
    Queues:
      - Name: once
        Weight: 7
        Mode: at-most-once
        Intake: [legacy]
        Retry: {Base: 7s}
        Retention: 2h
        Limits: {Rate: 0.5, Burst: 2, Concurrency: 3, MaxLength: 4}
`
	var c worker.Conf
	if err := conf.LoadFromYamlBytes([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	p := c.Pools[0]
	q := p.Queues[0]
	if c.Lease != 5*time.Second || c.Drain != time.Minute || c.Retry.Base != 2*time.Second || c.Retry.Max != time.Hour || c.Retry.Jitter != 0.2 ||
		p.Name != "mail" || p.Concurrency != 3 || !p.Strict || q.Name != "once" || q.Weight != 7 || q.Mode != "at-most-once" || q.Intake[0] != "legacy" ||
		q.Retry != (zeroq.RetryPolicy{Base: 7 * time.Second, Max: time.Hour, Jitter: 0.2}) || q.Retention != 2*time.Hour ||
		q.Limits != (zeroq.Limits{Rate: 0.5, Burst: 2, Concurrency: 3, MaxLength: 4}) {
		t.Errorf("%+v", c)
	}
	if err := conf.LoadFromYamlBytes([]byte("Redis: {}\nPools: [{Queues: [{Name: a, Mode: maybe}]}]"), &c); err == nil {
		t.Error("a mode that does not exist is taken")
	}
}

func TestConf_CheckShutdownSaysWhenTheProcessWouldBeKilled(t *testing.T) {
	t.Parallel()
	// A pool needs its drain, a second for handlers to return and five to settle.
	for _, want := range []struct {
		drain        time.Duration
		wrapUp, wait time.Duration
		ok           bool
	}{
		{0, 0, 0, false},                // 20 s of drain against go-zero's 5.5 s
		{0, 0, 26 * time.Second, false}, // go-zero wraps up for a second before it stops anything
		{0, 0, 27 * time.Second, true},
		{0, 100 * time.Millisecond, 26100 * time.Millisecond, true},
		{time.Millisecond, time.Millisecond, 0, false},
		{10 * time.Second, 5 * time.Second, 20 * time.Second, false},
		{10 * time.Second, 5 * time.Second, 21 * time.Second, true},
	} {
		c := worker.Conf{Drain: want.drain, Shutdown: proc.ShutdownConf{WrapUpTime: want.wrapUp, WaitTime: want.wait}}
		if err := c.CheckShutdown(); (err == nil) != want.ok || err != nil && !strings.HasPrefix(err.Error(), "Shutdown.WaitTime:") {
			t.Errorf("drain %v, wrap up %v, wait %v: %v", want.drain, want.wrapUp, want.wait, err)
		}
	}
	c := worker.Conf{Drain: time.Minute}
	if c.Shutdown = c.NeededShutdown(); c.CheckShutdown() != nil {
		t.Errorf("%+v is not enough: %v", c.Shutdown, c.CheckShutdown())
	}
}

func noop(context.Context, *zeroq.Task) error { return nil }
