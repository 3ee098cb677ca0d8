package redisq

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// stops tells workers at once which of their tasks are called off. It may miss some, when the
// connection breaks: the next heartbeat tells of those. One subscription serves all members; it begins
// with the first, and its goroutine ends with close.
type stops struct {
	client redis.UniversalClient

	mu      sync.Mutex
	members map[*member]bool
	pubsub  *redis.PubSub
	ended   chan struct{}
	closed  bool
}

func newStops(client redis.UniversalClient) *stops {
	return &stops{client: client, members: make(map[*member]bool)}
}

func (s *stops) add(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[m] = true
	if s.pubsub == nil && !s.closed {
		s.pubsub = s.client.PSubscribe(context.Background(), "zq:{*}:stop")
		s.ended = make(chan struct{})
		go s.run(s.pubsub.Channel())
	}
}

func (s *stops) remove(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, m)
}

func (s *stops) run(messages <-chan *redis.Message) {
	defer close(s.ended)
	for message := range messages {
		queue := strings.TrimSuffix(strings.TrimPrefix(message.Channel, "zq:{"), "}:stop")
		if !s.isCalledOff(queue, message.Payload) {
			continue
		}
		for _, m := range s.of(queue) {
			m.join.Stop(message.Payload)
		}
	}
}

// stopTimeout bounds the look after a message. The next heartbeat tells of what it does not.
const stopTimeout = time.Second

// isCalledOff reports whether the task of a message is called off here: messages go to all databases of a
// server, and another one may have a task of that queue and id.
func (s *stops) isCalledOff(queue, id string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	is, err := s.client.SIsMember(ctx, keysOf(queue).stopping, id).Result()
	return err == nil && is
}

// of returns the members of a queue.
func (s *stops) of(queue string) []*member {
	s.mu.Lock()
	defer s.mu.Unlock()
	var members []*member
	for m := range s.members {
		if m.join.Queue == queue {
			members = append(members, m)
		}
	}
	return members
}

func (s *stops) close() {
	s.mu.Lock()
	pubsub := s.pubsub
	s.closed = true
	s.mu.Unlock()
	if pubsub != nil {
		_ = pubsub.Close()
		<-s.ended
	}
}
