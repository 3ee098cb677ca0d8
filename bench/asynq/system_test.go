package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/contender"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// redisAt runs a Redis until the test ends.
func redisAt(t *testing.T) string {
	t.Helper()
	server, err := redisserver.New("")
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Kill()
		_ = server.Remove()
	})
	return server.Addr
}

func carry(t *testing.T, o contender.Order) contender.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := contender.Carry(open)(ctx, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Role, err)
	}
	return r
}

func TestSystem_EnqueuesAndWorks(t *testing.T) {
	o := contender.Order{
		Role: contender.Enqueue, Redis: redisAt(t), Tasks: 300, Payload: 192, Callers: 8, Batch: 1, Concurrency: 10, Keep: time.Hour,
	}
	carry(t, o)
	o.Role = contender.Work
	if r := carry(t, o); r.Tasks != 300 || !r.End.After(r.Begin) {
		t.Errorf("%+v", r)
	}
	s, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if kept, err := s.(*system).redis.ZCard(t.Context(), "asynq:{default}:completed").Result(); err != nil || kept != 300 {
		t.Errorf("%d tasks are kept, %v", kept, err)
	}
	o.Role, o.Delay = contender.Enqueue, time.Hour
	carry(t, o) // which counts what is scheduled
}

func TestSystem_KeepsABacklog(t *testing.T) {
	o := contender.Order{Role: contender.Enqueue, Redis: redisAt(t), Tasks: 1000, Payload: 192, Callers: 8, Batch: 1, Concurrency: 10}
	carry(t, o)
	o.Role = contender.Steady
	carry(t, o) // which counts what is left
}

func TestSystem_PicksUp(t *testing.T) {
	r := carry(t, contender.Order{
		Role: contender.PickUp, Redis: redisAt(t), Tasks: 5, Payload: 192, Concurrency: 10, Gap: time.Millisecond,
	})
	if len(r.FromCall) != 5 {
		t.Errorf("%+v", r)
	}
}

func TestSystem_HasNoBulk(t *testing.T) {
	_, err := contender.Carry(open)(t.Context(), contender.Order{
		Role: contender.Enqueue, Redis: redisAt(t), Tasks: 10, Payload: 192, Callers: 1, Batch: 5,
	})
	if !errors.Is(err, errBulk) {
		t.Error(err)
	}
}
