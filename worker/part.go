package worker

import (
	"context"
	"sync"
)

// part is one go-zero service of a worker. Start returns when the part has ended, Stop when it has
// been told to and did; both may be called in any order, and Stop more than once.
type part struct {
	run   func(context.Context)
	ended func() // called once, whether the part ran or not

	mu      sync.Mutex
	started bool
	stopped bool
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}
}

func newPart(run func(context.Context), ended func()) *part {
	p := &part{run: run, ended: ended, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Start implements go-zero's service.Service.
func (p *part) Start() {
	p.mu.Lock()
	if p.started || p.stopped {
		p.mu.Unlock()
		return
	}
	p.started = true
	p.mu.Unlock()
	defer p.end()
	p.run(p.ctx)
}

// Stop implements go-zero's service.Service.
func (p *part) Stop() {
	p.cancel()
	p.mu.Lock()
	never := !p.started && !p.stopped
	p.stopped = true
	p.mu.Unlock()
	if never {
		p.end()
	}
	<-p.done
}

func (p *part) end() {
	p.ended()
	close(p.done)
}
