package pool

import (
	"testing"
	"time"
)

func TestPace_FollowsLongTasksAtOnceAndShortOnesSlowly(t *testing.T) {
	t.Parallel()
	var p pace
	if n := p.ahead(100); n != 0 {
		t.Errorf("%d ahead of tasks that nobody knows", n)
	}
	p.note(time.Millisecond)
	if n := p.ahead(10); n != 100 {
		t.Errorf("%d ahead of tasks of 1 ms", n)
	}
	p.note(time.Second)
	if n := p.ahead(10); n != 0 {
		t.Errorf("%d ahead of tasks of 1 s", n)
	}
	short := 0
	for p.ahead(1) < maxAhead && short < 5000 {
		p.note(time.Microsecond)
		short++
	}
	if short < 5*paceWeight || short > 20*paceWeight {
		t.Errorf("%d short tasks make the long one forgotten", short)
	}
}
