package worker

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func untilDone(ctx context.Context) { <-ctx.Done() }

func TestPart_StopReturnsWhenTheLastThingIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		p := newPart(untilDone, func() {
			<-time.After(time.Second) // such as closing the connections
			ended.Store(true)
		})
		go p.Start()
		synctest.Wait()
		p.Stop()
		if !ended.Load() {
			t.Error("Stop returned before the part had ended")
		}
	})
}

func TestPart_StopInPlaceOfStart(t *testing.T) {
	t.Parallel()
	var ended atomic.Int64
	p := newPart(func(context.Context) { t.Error("it ran") }, func() { ended.Add(1) })
	p.Stop()
	p.Stop()
	p.Start()
	if ended.Load() != 1 {
		t.Errorf("ended %d times", ended.Load())
	}
}

func TestPart_StartAndStopInAnyOrderEndOnce(t *testing.T) {
	t.Parallel()
	for range 500 {
		var ended atomic.Int64
		p := newPart(untilDone, func() { ended.Add(1) })
		var calls sync.WaitGroup
		calls.Go(p.Stop)
		calls.Go(p.Start)
		calls.Go(p.Start)
		calls.Go(p.Stop)
		calls.Wait()
		if ended.Load() != 1 {
			t.Fatalf("ended %d times", ended.Load())
		}
	}
}
