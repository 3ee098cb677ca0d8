//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

const (
	// maxRetry is asynq's own default.
	maxRetry = 25
	// retention keeps the id of a finished task, so that a task that is sent once more is known.
	retention = time.Hour
	// pause is between two tries of a task.
	pause = 100 * time.Millisecond
	// maxCallers bounds how many tasks are sent at once.
	maxCallers = 16
)

// produce sends the load. asynq has no batches: it sends as many tasks at once as a batch has.
func produce(ctx context.Context, p plan.Plan, log *ledger.Log) error {
	client := asynq.NewClient(connection(p.Redis))
	defer client.Close()
	s := sender{client: client, log: log, load: p.Load, queue: p.Queue}
	callers := min(max(p.Load.Batch, 1), maxCallers)
	pace := rate.NewLimiter(rate.Inf, callers)
	if p.Load.Rate > 0 {
		pace.SetLimit(rate.Limit(p.Load.Rate))
	}
	var group errgroup.Group
	group.SetLimit(callers)
	log.Add(ledger.Record{Kind: ledger.Up})
	for n := p.Load.First; n < p.Load.First+uint64(p.Load.Count) && pace.Wait(ctx) == nil; n++ {
		group.Go(func() error { return s.send(ctx, n) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	log.Add(ledger.Record{Kind: ledger.Down})
	return nil
}

// sender sends the tasks of a load and notes the answers.
type sender struct {
	client *asynq.Client
	log    *ledger.Log
	load   plan.Load
	queue  string
}

// send sends the n-th task until it is answered, or ctx ends.
func (s sender) send(ctx context.Context, n uint64) error {
	share := s.load.Task(n)
	data, err := json.Marshal(share.Deed)
	if err != nil {
		return err
	}
	task := asynq.NewTask(taskType, data, s.options(n, share)...)
	note := func(kind ledger.Kind, code ledger.Code) {
		s.log.Add(ledger.Record{Kind: kind, Code: code, Task: n, Key: share.Deed.Key})
	}
	s.log.Add(ledger.Record{
		Kind: ledger.Sending, Code: s.load.Expect(n), Task: n, Key: share.Deed.Key, Reach: uint32(wholeSeconds(share.Timeout).Milliseconds()),
	})
	for unknown := false; ; {
		_, err := s.client.EnqueueContext(ctx, task)
		switch {
		case err == nil, errors.Is(err, asynq.ErrTaskIDConflict): // an earlier try is in
			note(ledger.Accepted, 0)
			return nil
		case full(err) && s.load.GiveUp:
			if !unknown { // else an earlier try may be in still
				note(ledger.Refused, ledger.Full)
			}
			return nil
		case !full(err) && !unknown:
			note(ledger.Unknown, 0)
			unknown = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

func (s sender) options(n uint64, share plan.Share) []asynq.Option {
	options := []asynq.Option{
		asynq.TaskID(plan.ID(n)), asynq.Queue(s.queue), asynq.MaxRetry(maxRetry), asynq.Retention(retention),
	}
	if share.Delay > 0 {
		options = append(options, asynq.ProcessIn(share.Delay))
	}
	if share.Timeout > 0 {
		options = append(options, asynq.Timeout(wholeSeconds(share.Timeout)))
	}
	return options
}

// wholeSeconds rounds up: asynq stores seconds, and takes less than one for no timeout.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// full tells whether Redis had no memory for a task. asynq hands on the text of the error only.
func full(err error) bool {
	return err != nil && strings.Contains(err.Error(), "OOM command not allowed")
}
