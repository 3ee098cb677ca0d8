//go:build linux

package rig_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
	"github.com/zeroq-dev/zeroq/test/chaos/role"
)

// This test binary plays the roles of the runs that it starts.
func TestMain(m *testing.M) {
	role.Told()
	os.Exit(m.Run())
}

func TestRig_EveryWayToEnqueueAndEveryDeed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := rig.New(t.TempDir(), rig.Zeroq{}, rig.Always)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			for _, p := range r.Processes("") {
				t.Logf("%s %d:\n%s", p.Plan.Role, p.ID(), p.Output())
			}
		}
		if err := r.Remove(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		if _, err := r.Worker(ctx, plan.Work{Concurrency: 5, Lease: 3 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	api, err := r.API(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mix := []plan.Share{
		{Weight: 10, Deed: deed.Deed{Nap: time.Millisecond}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 2}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Panic, Times: 1}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Give}},
		{Weight: 1, Deed: deed.Deed{Do: deed.Hang, Nap: 1500 * time.Millisecond}, Timeout: time.Second},
		{Weight: 1, Delay: 50 * time.Millisecond},
		{Weight: 1, High: true},
	}
	first := uint64(1)
	for _, way := range []string{plan.Direct, plan.Plain, plan.ByHTTP, plan.ByKey, plan.ByList, plan.Garbage} {
		load := plan.Load{Way: way, URL: api.URL(), First: first, Count: 50, Batch: 10, Seed: 1, Mix: mix}
		if err := r.Send(ctx, load); err != nil {
			t.Fatal(way, err)
		}
		first += 50
	}
	if err := r.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	h, err := r.End(ctx, check.Rules{Answered: true, Spared: true})
	if err != nil {
		t.Fatal(err)
	}
	report := check.Check(h)
	for _, v := range report.Violations {
		t.Errorf("%s: task %d: %s", v.Rule, v.Task, v.Text)
	}
	if report.Accepted != int(first-1) {
		t.Errorf("%d tasks were accepted, want %d", report.Accepted, first-1)
	}
}
