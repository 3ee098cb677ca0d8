package bench

import (
	"context"
	"time"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// keep is how long succeeded tasks are kept, zeroq's default.
const keep = time.Hour

// holdings are the states in which tasks are when the memory is looked at.
var holdings = []struct {
	name  string
	delay time.Duration
	keep  time.Duration
	run   bool
}{
	{name: "ready"},
	{name: "scheduled", delay: time.Hour},
	{name: "succeeded, kept 1h", keep: keep, run: true},
}

func memorySuite(ctx context.Context, l *lab) ([]sheet, error) {
	s := sheet{
		title: "Memory of Redis", head: []string{"tasks that are", "contender", "bytes a task", "zeroq needs", "tasks"}, words: 2,
		about: "What used_memory of Redis grows by, for each task, all of which were enqueued one a call.",
	}
	for _, h := range holdings {
		ours := 0.0
		for _, who := range l.queues() {
			o := contender.Order{
				Role: contender.Enqueue, Tasks: l.stored, Payload: payload, Callers: manyCallers, Batch: 1, Delay: h.delay, Keep: h.keep,
			}
			bytes, err := l.weigh(ctx, who, o, h.run)
			if err != nil {
				return nil, entry{work: h.name, contender: who.name}.failed(err)
			}
			share := ""
			if ours == 0 {
				ours = bytes
			} else {
				share = times(ours / bytes)
			}
			s.rows = append(s.rows, []string{h.name, who.name, whole(bytes), share, whole(float64(l.stored))})
		}
	}
	return []sheet{s}, nil
}

// weigh is how many bytes Redis needs for each task that an order enqueues, and that has run if run is true.
func (l *lab) weigh(ctx context.Context, who contestant, o contender.Order, run bool) (float64, error) {
	p, err := site{}.open()
	if err != nil {
		return 0, err
	}
	defer p.close()
	o.Redis = p.addr
	before, err := p.number(ctx, "memory", "used_memory")
	if err != nil {
		return 0, err
	}
	result, err := who.carry(ctx, o)
	if err != nil {
		return 0, err
	}
	l.note(result)
	if run {
		o.Role, o.Concurrency = contender.Work, 100
		if _, err := who.carry(ctx, o); err != nil {
			return 0, err
		}
	}
	if err := p.empty(ctx); err != nil {
		return 0, err
	}
	after, err := p.number(ctx, "memory", "used_memory")
	return (after - before) / float64(o.Tasks), err
}
