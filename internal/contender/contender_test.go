package contender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a queue in memory.
type fake struct {
	mu       sync.Mutex
	tasks    [][]byte
	inFlight int
	// lose and twice name the task, from 1, that is lost and that runs twice.
	lose, twice int
	put         int
	err         error
}

func (f *fake) Enqueue(_ context.Context, data [][]byte, _ time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range data {
		if f.put++; f.put != f.lose {
			f.tasks = append(f.tasks, d)
		}
	}
	return f.err
}

func (f *fake) take() (data []byte, runs int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tasks) == 0 {
		return nil, 0
	}
	data, f.tasks = f.tasks[0], f.tasks[1:]
	f.inFlight++
	if f.twice--; f.twice == 0 {
		return data, 2
	}
	return data, 1
}

func (f *fake) Work(concurrency int, handle func([]byte)) (func() error, error) {
	over := make(chan struct{})
	var running sync.WaitGroup
	for range concurrency {
		running.Go(func() {
			for {
				data, runs := f.take()
				for range runs {
					handle(data)
				}
				if runs > 0 {
					f.mu.Lock()
					f.inFlight--
					f.mu.Unlock()
				}
				select {
				case <-over:
					return
				case <-time.After(time.Microsecond):
				}
			}
		})
	}
	return func() error {
		close(over)
		running.Wait()
		return nil
	}, nil
}

func (f *fake) Unfinished(context.Context) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tasks) + f.inFlight, nil
}

func (f *fake) Close() error { return nil }

func carry(t *testing.T, f *fake, o Order) (Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return Carry(func(Order) (System, error) { return f, nil })(ctx, o)
}

func backlog(n int) *fake {
	f := new(fake)
	for i := range n {
		f.tasks = append(f.tasks, Data(20, i))
	}
	return f
}

func TestEnqueue_AllTasksOfAllCallers(t *testing.T) {
	f := backlog(3)
	r, err := carry(t, f, Order{Role: Enqueue, Tasks: 1001, Callers: 7, Batch: 10, Payload: 20, WarmUp: 5})
	if err != nil || r.Tasks != 1001 || len(f.tasks) != 3+5+1001 || r.End.Before(r.Begin) {
		t.Errorf("%+v, %v, and %d tasks are there", r, err, len(f.tasks))
	}
}

func TestEnqueue_FailsForALostTask(t *testing.T) {
	f := &fake{lose: 7}
	_, err := carry(t, f, Order{Role: Enqueue, Tasks: 10, Callers: 2, Batch: 1, Payload: 20})
	if err == nil || err.Error() != "10 tasks were enqueued, and 9 are there" {
		t.Error(err)
	}
}

func TestEnqueue_FailsWithACall(t *testing.T) {
	f := &fake{err: errors.New("full")}
	if _, err := carry(t, f, Order{Role: Enqueue, Tasks: 10, Callers: 2, Batch: 1}); !errors.Is(err, f.err) {
		t.Error(err)
	}
}

func TestWork_UntilAllAreAcknowledged(t *testing.T) {
	for _, shared := range []bool{false, true} {
		f := backlog(100)
		r, err := carry(t, f, Order{Role: Work, Tasks: 100, Concurrency: 3, Shared: shared, Nap: time.Microsecond})
		if err != nil || r.Tasks != 100 || !r.End.After(r.Begin) || len(f.tasks) != 0 {
			t.Errorf("shared %t: %+v, %v", shared, r, err)
		}
	}
}

func TestWork_FailsForATaskThatRunsTwice(t *testing.T) {
	f := backlog(100)
	f.twice = 50
	_, err := carry(t, f, Order{Role: Work, Tasks: 100, Concurrency: 3})
	if err == nil || err.Error() != "101 tasks have run, and there were 100" {
		t.Error(err)
	}
}

func TestWork_FailsForALostTask(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := work(ctx, Order{Tasks: 100, Concurrency: 3}, backlog(99))
	if err == nil || !strings.Contains(err.Error(), "99 of 100 tasks have run") {
		t.Error(err)
	}
}

func TestSteady_LeavesTheBacklogAsItIs(t *testing.T) {
	for _, o := range []Order{{Callers: 1, Batch: Batch}, {Callers: 7, Batch: 1}} {
		o.Role, o.Tasks, o.Concurrency, o.Payload = Steady, 2*Batch+10, 3, 20
		f := backlog(600)
		r, err := carry(t, f, o)
		if err != nil || r.Tasks != o.Tasks || f.put != 2*Batch {
			t.Errorf("%+v, %v, and %d were put on", r, err, f.put)
		}
		f = backlog(600)
		f.lose = 77
		if _, err := carry(t, f, o); err == nil {
			t.Error("it did not miss the lost task")
		}
	}
}

func TestPickUp_TellsOfEachTask(t *testing.T) {
	r, err := carry(t, new(fake), Order{Role: PickUp, Tasks: 20, Concurrency: 2, Payload: 20, Gap: time.Millisecond})
	if err != nil || len(r.FromCall) != 20 || len(r.FromReturn) != 20 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i := range r.FromCall {
		if r.FromCall[i] <= 0 || r.FromReturn[i] < 0 || r.FromReturn[i] > r.FromCall[i] {
			t.Errorf("task %d: %v from the call, %v from its return", i, r.FromCall[i], r.FromReturn[i])
		}
	}
}

func TestData_HasItsLengthAndNumber(t *testing.T) {
	for _, bytes := range []int{MinPayload, 192} {
		data := Data(bytes, 1234)
		if len(data) != bytes || !json.Valid(data) || index(data) != 1234 {
			t.Errorf("%s", data)
		}
	}
	for _, foreign := range []string{"", `"short"`, `"no number here"`} {
		if index([]byte(foreign)) != -1 {
			t.Errorf("%s has a number", foreign)
		}
	}
}

func TestAnswer(t *testing.T) {
	answer := func(order string) (r Result, err error) {
		var out bytes.Buffer
		err = Answer(strings.NewReader(order), &out, "fake 1", Carry(func(Order) (System, error) { return backlog(5), nil }))
		if err == nil {
			err = json.Unmarshal(out.Bytes(), &r)
		}
		return r, err
	}
	if r, err := answer(`{"Role":"work","Tasks":5,"Concurrency":1}`); err != nil || r.Tasks != 5 || r.About != "fake 1" || r.Error != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := answer(`{"Role":"dance"}`); err != nil || r.Error != `no role "dance"` {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := answer(`{`); err == nil {
		t.Error("half an order was taken")
	}
}
