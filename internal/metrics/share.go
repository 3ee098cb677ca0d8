package metrics

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// users are the parts of a process that stand behind one collector, since a registry takes each
// metric only once: two workers, or a worker and the API.
type users[U any] struct {
	mu   sync.Mutex
	all  []*U
	over bool // the last one has left
}

// add reports false when the last user has left: then the collector is about to be taken away.
func (u *users[U]) add(user *U) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.over {
		u.all = append(u.all, user)
	}
	return !u.over
}

// remove reports whether the user was the last one.
func (u *users[U]) remove(user *U) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = slices.DeleteFunc(u.all, func(other *U) bool { return other == user })
	u.over = len(u.all) == 0
	return u.over
}

// list returns the users in the order in which they came.
func (u *users[U]) list() []*U {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.all)
}

// shared is a collector that has users.
type shared[U any] interface {
	prometheus.Collector
	add(*U) bool
	remove(*U) bool
}

// join registers fresh, or becomes a user of its like that is registered already. leave must be called
// once; the last one to leave takes the collector away.
func join[C shared[U], U any](registerer prometheus.Registerer, fresh C, user *U) (joined C, leave func(), err error) {
	fresh.add(user)
	for {
		c := fresh
		if err := registerer.Register(c); err != nil {
			var there prometheus.AlreadyRegisteredError
			if !errors.As(err, &there) {
				return c, nil, fmt.Errorf("metrics: %w", err)
			}
			var ours bool
			if c, ours = there.ExistingCollector.(C); !ours {
				return c, nil, fmt.Errorf("metrics: %w", err)
			}
			if !c.add(user) { // it is gone in a moment
				runtime.Gosched()
				continue
			}
		}
		return c, func() {
			if c.remove(user) {
				registerer.Unregister(c)
			}
		}, nil
	}
}
