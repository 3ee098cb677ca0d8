package app

import (
	"context"
	"testing"
)

// The upkeep ends before what it works on is closed.
func TestUpkeep_RunsFromStartToStop(t *testing.T) {
	conf := DefaultConf()
	conf.Port = 0
	a, err := New(conf, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	begun := make(chan struct{})
	a.upkeep = []func(context.Context){func(ctx context.Context) {
		close(begun)
		<-ctx.Done()
		order = append(order, "ended")
	}}
	a.close = func() { order = append(order, "closed") }
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.Start()
	}()
	<-begun
	a.Stop()
	<-done
	if len(order) != 2 || order[0] != "ended" {
		t.Errorf("got %q", order)
	}
}

func TestUpkeep_NeverStartsOnceStopped(t *testing.T) {
	conf := DefaultConf()
	conf.Port = 0
	a, err := New(conf, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	a.upkeep = []func(context.Context){func(context.Context) { t.Error("it started") }}
	a.Stop()
	a.Start()
}
