package brokertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func watchShows(t *testing.T, r *rig) {
	one := task()
	r.enqueue(one)
	seen, ended := make(chan *zeroq.TaskInfo, 100), make(chan error, 1)
	go func() {
		ended <- r.Broker.WatchTask(r.ctx, one.ID, "", func(info *zeroq.TaskInfo) error {
			seen <- info
			return nil
		})
	}()
	var states []zeroq.State
	see := func() {
		select {
		case info := <-seen:
			states = append(states, info.State)
		case <-time.After(15 * time.Second):
			t.Fatalf("nothing was shown after %v", states)
		}
	}
	see()
	m := r.join("w")
	d := r.fetch(m, 1)[0]
	see()
	o := r.failed(m, d, zeroq.Retry)
	o.NextAttempt, o.RunAt = 2, m.Now().Add(time.Hour)
	r.must(m.Settle(r.ctx, oneOutcome(o)))
	see()
	r.cancel(one.ID, zeroq.Cancelled)
	see()
	r.must(<-ended)
	want := []zeroq.State{zeroq.Ready, zeroq.Leased, zeroq.Retry, zeroq.Cancelled}
	if !slices.Equal(states, want) || len(seen) > 0 {
		t.Errorf("shown were %v and %d more, want %v", states, len(seen), want)
	}
}

func watchEnds(t *testing.T, r *rig) {
	one, enough := task(), errors.New("enough")
	r.enqueue(one)
	if err := r.Broker.WatchTask(r.ctx, one.ID, "", func(*zeroq.TaskInfo) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("told to end: %v", err)
	}
	ctx, cancel := context.WithCancel(r.ctx)
	shown := 0
	err := r.Broker.WatchTask(ctx, one.ID, "", func(*zeroq.TaskInfo) error {
		shown++
		cancel()
		return nil
	})
	if err != nil || shown != 1 {
		t.Errorf("its context ended: %v, shown %d times", err, shown)
	}
	nothing := func(*zeroq.TaskInfo) error { return nil }
	if err := r.Broker.WatchTask(r.ctx, "nobody", "", nothing); !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	err = r.Broker.WatchTask(r.ctx, one.ID, "", func(*zeroq.TaskInfo) error { return r.Broker.Delete(r.ctx, one.ID, "") })
	if !errors.Is(err, zeroq.ErrNotFound) {
		t.Errorf("deleted while it was watched: %v", err)
	}
}
