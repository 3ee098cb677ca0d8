//go:build linux

package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// Peer is asynq, whose roles a program of its own plays: see test/chaos/asynq.
type Peer struct {
	// Path is that of the program.
	Path string
}

// Program implements [System].
func (p Peer) Program() string { return p.Path }

// Busy implements [System]. It is asked again and again, so it counts by plain commands what the program
// would list. Leases are those of active tasks.
func (p Peer) Busy(ctx context.Context, r *Redis, queue string, _ int) (string, error) {
	states := []string{"pending", "active", "lease", "scheduled", "retry"}
	counts := make([]*redis.IntCmd, len(states))
	pipe := r.Client().Pipeline()
	for i, state := range states {
		name := "asynq:{" + queue + "}:" + state
		if state == "pending" || state == "active" {
			counts[i] = pipe.LLen(ctx, name)
		} else {
			counts[i] = pipe.ZCard(ctx, name)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return "", err
	}
	var busy []string
	for i, state := range states {
		if n := counts[i].Val(); n > 0 {
			busy = append(busy, fmt.Sprintf("%s %d", state, n))
		}
	}
	return strings.Join(busy, ", "), nil
}

// Final implements [System]. asynq itself tells.
func (p Peer) Final(ctx context.Context, r *Redis, queue string) (check.Final, error) {
	var f check.Final
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, p.Path)
	cmd.Env = append(os.Environ(), plan.Plan{Role: plan.Final, Redis: r.Addr, Queue: queue}.Encode())
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return f, fmt.Errorf("final state of the peer: %w\n%s", err, complaints.String())
	}
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return f, fmt.Errorf("final state of the peer: %w", err)
	}
	return f, nil
}
