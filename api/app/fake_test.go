package app_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// fake is an engine in memory: what was enqueued, and what a test wants it to answer.
type fake struct {
	mu    sync.Mutex
	tasks map[string]*zeroq.Task
	calls int
	// largest is the most tasks in one call.
	largest int
	// fail is what Enqueue answers, by the task's type.
	fail map[string]error
	// down is what everything answers.
	down error
	// finished ends the wait for a task.
	finished chan struct{}
	// waits tells that somebody waits for a task.
	waits chan struct{}
	// entered tells that an Enqueue has begun, which then goes on when release is closed.
	entered, release chan struct{}
	info             *zeroq.TaskInfo
	// queues and workers, if not nil, are in place of someQueue and someWorker.
	queues  []zeroq.QueueInfo
	workers []zeroq.WorkerInfo
	// ahead is how far the broker's clock is ahead, if it tells the time at all.
	ahead  time.Duration
	tells  bool
	panics bool

	control fakeControl
	ledger  fakeLedger
}

func (f *fake) deps() app.Deps {
	return app.Deps{
		Enqueuer: f, Inspector: f, Controller: f, Operator: f, Timetable: f, Ledger: &f.ledger, Ping: f.Ping,
	}
}

func newFake() *fake {
	return &fake{
		tasks:    make(map[string]*zeroq.Task),
		fail:     make(map[string]error),
		finished: make(chan struct{}),
		waits:    make(chan struct{}, 100),
		control:  fakeControl{watched: make(chan *zeroq.TaskInfo), gone: make(chan struct{}), schedules: make(map[string]zeroq.Schedule)},
		ledger:   fakeLedger{entries: make(map[string]*entry)},
	}
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tasks)
}

func (f *fake) task(id string) *zeroq.Task {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tasks[id]
}

func (f *fake) setDown(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = err
}

func (f *fake) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

// Enqueue answers as producer.Producer does.
func (f *fake) Enqueue(ctx context.Context, tasks ...*zeroq.Task) error {
	if f.entered != nil {
		f.entered <- struct{}{}
		select {
		case <-f.release:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.largest = max(f.largest, len(tasks))
	if f.panics {
		panic("fake")
	}
	errs := make([]error, len(tasks))
	var failed error
	for i, task := range tasks {
		if errs[i] = f.enqueue(task); errs[i] != nil {
			failed = errs[i]
		}
	}
	if failed != nil && len(tasks) > 1 {
		return &zeroq.BatchError{Errors: errs}
	}
	return failed
}

func (f *fake) enqueue(task *zeroq.Task) error {
	if f.down != nil {
		return f.down
	}
	if err := f.fail[task.Type]; err != nil {
		return err
	}
	if err := task.Validate(time.Now()); err != nil {
		return err
	}
	if task.ID == "" {
		task.ID = taskid.New("default", 0, uint64(len(f.tasks)))
	}
	if f.tasks[task.ID] != nil {
		return zeroq.ErrDuplicateID
	}
	if f.tells {
		task.EnqueuedAt = time.Now().Add(f.ahead)
	}
	f.tasks[task.ID] = task
	return nil
}

func (f *fake) Ping(context.Context) error { return f.err() }

func (f *fake) Task(_ context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	switch {
	case f.err() != nil:
		return nil, f.err()
	case id == "twice" && queue == "":
		return nil, zeroq.ErrAmbiguousID
	case f.info != nil && id == f.info.ID:
		return f.info, nil
	}
	task := f.task(id)
	if task == nil {
		return nil, zeroq.ErrNotFound
	}
	return &zeroq.TaskInfo{
		ID: id, Type: task.Type, Queue: "default", State: zeroq.Ready, MaxAttempts: 10,
		EnqueuedAt: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
	}, nil
}

func (f *fake) WaitTask(ctx context.Context, id, queue string) (*zeroq.TaskInfo, error) {
	f.waits <- struct{}{}
	select {
	case <-f.finished:
	case <-ctx.Done():
	}
	return f.Task(ctx, id, queue)
}

func (f *fake) Queues(context.Context) ([]zeroq.QueueInfo, error) {
	if f.err() != nil {
		return nil, f.err()
	}
	if f.queues != nil {
		return f.queues, nil
	}
	return []zeroq.QueueInfo{someQueue}, nil
}

func (f *fake) Queue(_ context.Context, name string) (zeroq.QueueInfo, error) {
	switch {
	case f.err() != nil:
		return zeroq.QueueInfo{}, f.err()
	case name != someQueue.Queue:
		return zeroq.QueueInfo{}, zeroq.ErrNotFound
	}
	return someQueue, nil
}

func (f *fake) Workers(context.Context) ([]zeroq.WorkerInfo, error) {
	if f.err() != nil {
		return nil, f.err()
	}
	if f.workers != nil {
		return f.workers, nil
	}
	return []zeroq.WorkerInfo{someWorker, {ID: "new"}}, nil
}

var errSecret = errors.New("s3cret")

var someQueue = zeroq.QueueInfo{
	Queue:     "mail",
	Counts:    map[zeroq.State]int64{zeroq.Ready: 3},
	OldestAge: 1500 * time.Millisecond,
	Totals:    map[zeroq.Counter]int64{zeroq.CountEnqueued: 5, zeroq.CountSucceeded: 2},
	Rates:     map[zeroq.Counter]float64{zeroq.CountEnqueued: 0.5},
	Limits:    zeroq.Limits{Rate: 2.5, MaxLength: 100},
	Paused:    true,
	Draining:  true,
}

var someTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("there", 3600))

var someWorker = zeroq.WorkerInfo{
	ID: "w1", Host: "h", PID: 7, Queues: []string{"mail"}, Slots: 4,
	StartedAt: someTime, LastHeartbeat: someTime.Add(1500 * time.Microsecond),
	Running: []zeroq.RunningTask{{ID: "t", Type: "a", Queue: "mail", Attempt: 2, StartedAt: someTime, Stuck: true}},
}
