package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/contender"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// site says what a Redis is like.
type site struct {
	// args are settings of redis-server.
	args []string
	// remote: contenders reach it through a way that takes delay longer.
	remote bool
	delay  time.Duration
}

// place is a Redis that is there.
type place struct {
	// direct is where it is, addr where contenders find it.
	direct, addr string
	client       *redis.Client
	close        func()
}

// open runs a Redis with nothing in it, until close.
func (s site) open() (*place, error) {
	server, err := redisserver.New("", s.args...)
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, errors.Join(err, server.Remove())
	}
	p := &place{direct: server.Addr, addr: server.Addr, client: dial(server.Addr, 1)}
	p.close = func() {
		_ = p.client.Close() // the server ends anyway
		server.Kill()
		_ = server.Remove() // the next start sweeps what is left
	}
	if !s.remote {
		return p, nil
	}
	way, err := listen(server.Addr, s.delay)
	if err != nil {
		p.close()
		return nil, err
	}
	local := p.close
	p.addr, p.close = way.addr(), func() {
		way.close()
		local()
	}
	return p, nil
}

// number reads a number of INFO.
func (p *place) number(ctx context.Context, section, name string) (float64, error) {
	info, err := p.client.Info(ctx, section).Result()
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	text, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("redis-server tells no %s", name)
	}
	return n, nil
}

// cpu is what the Redis has used.
func (p *place) cpu(ctx context.Context) (time.Duration, error) {
	user, err := p.number(ctx, "cpu", "used_cpu_user")
	if err != nil {
		return 0, err
	}
	sys, err := p.number(ctx, "cpu", "used_cpu_sys")
	return time.Duration((user + sys) * float64(time.Second)), err
}

// fill puts n tasks on the queue of a contestant.
func (p *place) fill(ctx context.Context, who contestant, n int) error {
	_, err := who.carry(ctx, contender.Order{
		Role: contender.Enqueue, Redis: p.direct, Tasks: n, Payload: payload, Callers: who.fillers, Batch: who.batch,
	})
	return err
}

// watch notes what the Redis uses while f runs.
func (p *place) watch(ctx context.Context, f func() (run, error)) (run, error) {
	before, err := p.cpu(ctx)
	if err != nil {
		return run{}, err
	}
	r, err := f()
	if err != nil {
		return r, err
	}
	after, err := p.cpu(ctx)
	r.redis = after - before
	return r, err
}

// empty waits until nobody else is connected, so that their buffers are gone.
func (p *place) empty(ctx context.Context) error {
	for {
		n, err := p.number(ctx, "clients", "connected_clients")
		if err != nil || n <= 1 {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
