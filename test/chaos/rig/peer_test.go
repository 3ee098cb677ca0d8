//go:build linux

package rig_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/rig"
)

func TestPeer_IsBusyUntilAllIsDoneAndTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	peer := rig.Peer{Path: filepath.Join(t.TempDir(), "asynq")}
	build := exec.CommandContext(ctx, "go", "build", "-C", "../asynq", "-o", peer.Path, ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	r, err := rig.New(t.TempDir(), peer, rig.Never)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Remove(); err != nil {
			t.Error(err)
		}
	}()
	load := plan.Load{Way: plan.Direct, First: 1, Count: 20, Batch: 10, Mix: []plan.Share{
		{Weight: 2}, {Weight: 1, Deed: deed.Deed{Do: deed.Fail, Times: 1}}, {Weight: 1, Deed: deed.Deed{Do: deed.Give}},
		{Weight: 1, Delay: time.Second},
	}}
	if err := r.Send(ctx, load); err != nil {
		t.Fatal(err)
	}
	busy, err := peer.Busy(ctx, r.Redis, r.Queue, 0)
	if err != nil || !strings.Contains(busy, "pending") || !strings.Contains(busy, "scheduled") {
		t.Errorf("busy with %q (%v), want pending and scheduled tasks", busy, err)
	}
	if waits, err := peer.Final(ctx, r.Redis, r.Queue); err != nil || len(waits.Stored) != load.Count {
		t.Errorf("before the first worker: %+v (%v), want all %d stored", waits, err, load.Count)
	}
	if _, err := r.Worker(ctx, plan.Work{Concurrency: 4}); err != nil {
		t.Fatal(err)
	}
	if err := r.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	h, err := r.End(ctx, check.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if report := check.Check(h); !report.OK() || report.Succeeded == 0 || report.Dead == 0 || report.Succeeded+report.Dead != load.Count {
		t.Errorf("%d succeeded, %d dead of %d: %v", report.Succeeded, report.Dead, load.Count, report.Violations)
	}
}
