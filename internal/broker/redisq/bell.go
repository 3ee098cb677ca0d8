package redisq

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// bell tells those who wait for a task that it has finished. One subscription serves all of them; it
// begins with the first, and its goroutine ends with close.
type bell struct {
	client redis.UniversalClient

	mu        sync.Mutex
	listeners map[string][]chan struct{} // by task id
	pubsub    *redis.PubSub
	ended     chan struct{}
	closed    bool
}

func newBell(client redis.UniversalClient) *bell {
	return &bell{client: client, listeners: make(map[string][]chan struct{})}
}

// listen returns a channel that gets a value when the task finishes.
func (b *bell) listen(id string) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	ring := make(chan struct{}, 1)
	b.listeners[id] = append(b.listeners[id], ring)
	if b.pubsub == nil && !b.closed {
		b.pubsub = b.client.PSubscribe(context.Background(), "zq:{*}:done")
		b.ended = make(chan struct{})
		go b.run(b.pubsub.Channel())
	}
	return ring
}

func (b *bell) leave(id string, ring chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rings := b.listeners[id]
	for i := range rings {
		if rings[i] == ring {
			rings = append(rings[:i], rings[i+1:]...)
			break
		}
	}
	if len(rings) == 0 {
		delete(b.listeners, id)
	} else {
		b.listeners[id] = rings
	}
}

func (b *bell) run(messages <-chan *redis.Message) {
	defer close(b.ended)
	for message := range messages {
		b.ring(message.Payload)
	}
}

func (b *bell) ring(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ring := range b.listeners[id] {
		select {
		case ring <- struct{}{}:
		default: // it has rung already
		}
	}
}

func (b *bell) close() {
	b.mu.Lock()
	pubsub := b.pubsub
	b.closed = true
	b.mu.Unlock()
	if pubsub != nil {
		_ = pubsub.Close()
		<-b.ended
	}
}
