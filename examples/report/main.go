// Command report builds reports, each once at a time, and shows how far they are. It runs a worker for
// the queue "reports", asks the API for one report twice, watches it, and has a schedule build another:
//
//	zeroq dev --redis 127.0.0.1:6379 &
//	go run ./examples/report -redis 127.0.0.1:6379
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/worker"
)

const (
	queue      = "reports"
	reportType = "report.build"
	nightly    = "report-nightly" // the schedule
	pages      = 5                // of each report
)

// report is the data of a task.
type report struct {
	Name string `json:"name"`
}

// progress is what a handler tells while it builds, and, as its result, at the end.
type progress struct {
	Pages int `json:"pages"`
	Of    int `json:"of"`
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8888", "the API")
	redis := flag.String("redis", "127.0.0.1:6379", "the Redis that the API uses")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	conf := zeroq.RedisConf{Addrs: []string{*redis}}
	if err := run(ctx, os.Stdout, conf, *url, 500*time.Millisecond); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// run builds two reports; each of their pages takes a while.
func run(ctx context.Context, out io.Writer, redis zeroq.RedisConf, url string, page time.Duration) error {
	mux := zeroq.NewMux()
	mux.Handle(reportType, build(page))
	w, err := worker.New(worker.Conf{
		Redis: redis, Drain: time.Second,
		Pools: []worker.PoolConf{{Queues: []worker.QueueConf{{Name: queue}}}},
	}, mux)
	if err != nil {
		return err
	}
	go w.Start()
	defer w.Stop()

	c, err := client.New(url)
	if err != nil {
		return err
	}
	if err := buildOnce(ctx, out, c); err != nil {
		return err
	}
	return buildNightly(ctx, out, c)
}

// build is the handler. Whoever cancels the task ends its context.
func build(page time.Duration) zeroq.Handler {
	return zeroq.HandlerOf(func(ctx context.Context, _ report) error {
		for n := range pages {
			select {
			case <-time.After(page):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if err := zeroq.SetProgress(ctx, progress{Pages: n + 1, Of: pages}); err != nil {
				return err
			}
		}
		return zeroq.SetResult(ctx, progress{Pages: pages, Of: pages})
	})
}

// buildOnce asks for the same report twice, as two people would, and watches the one that is built.
func buildOnce(ctx context.Context, out io.Writer, c *client.Client) error {
	wanted := func() *zeroq.Task {
		return zeroq.NewTask(reportType, report{"2030-01"},
			zeroq.Queue(queue), zeroq.UniqueKey("report-2030-01", zeroq.UntilFinished))
	}
	first := wanted()
	if err := c.Enqueue(ctx, first); err != nil {
		return err
	}
	fmt.Fprintln(out, first.ID, "is enqueued")
	var duplicate *zeroq.DuplicateError
	if err := c.Enqueue(ctx, wanted()); errors.As(err, &duplicate) {
		fmt.Fprintln(out, duplicate.TaskID, "is under way already")
	} else if err != nil {
		return err
	}
	return watch(ctx, out, c, first.ID)
}

// buildNightly makes a schedule and has it build its report now.
func buildNightly(ctx context.Context, out io.Writer, c *client.Client) error {
	schedule, _, err := c.PutSchedule(ctx, zeroq.Schedule{
		Name: nightly, Spec: "30 2 * * *", Overlap: zeroq.OverlapSkip, CatchUp: zeroq.CatchUpLast,
		Task: zeroq.NewTask(reportType, report{"daily"}, zeroq.Queue(queue)),
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, nightly, "comes next at", schedule.NextRuns[0].Format(time.TimeOnly))
	id, err := c.RunSchedule(ctx, nightly)
	if err != nil {
		return err
	}
	if err := watch(ctx, out, c, id); err != nil {
		return err
	}
	return c.DeleteSchedule(ctx, nightly)
}

// watch shows each change of a task until it is finished.
func watch(ctx context.Context, out io.Writer, c *client.Client, id string) error {
	for task, err := range c.Events(ctx, id, queue) {
		if err != nil {
			return err
		}
		switch {
		case task.State == zeroq.Succeeded:
			fmt.Fprintln(out, id, task.State, string(task.Result))
		case task.State.Finished():
			return fmt.Errorf("%s is %s: %s", id, task.State, task.Error)
		default:
			fmt.Fprintln(out, id, task.State, string(task.Progress))
		}
	}
	return nil
}
