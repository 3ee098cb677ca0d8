package metrics

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// users are the parts of a process that stand behind one collector, since a registry takes each
// metric only once: two workers, or a worker and the API.
type users[U any] struct {
	mu  sync.Mutex
	all []*U
}

func (u *users[U]) add(user *U) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, user)
}

// remove reports whether the user was the last one.
func (u *users[U]) remove(user *U) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = slices.DeleteFunc(u.all, func(other *U) bool { return other == user })
	return len(u.all) == 0
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
	add(*U)
	remove(*U) bool
}

// joining is held while somebody comes or leaves, so that nobody joins what is about to be taken away.
var joining sync.Mutex

// join registers fresh, or becomes a user of its like that is registered already. leave must be called
// once; the last one to leave takes the collector away.
func join[C shared[U], U any](registerer prometheus.Registerer, fresh C, user *U) (c C, leave func(), err error) {
	joining.Lock()
	defer joining.Unlock()
	c = fresh
	if err := registerer.Register(c); err != nil {
		var there prometheus.AlreadyRegisteredError
		if !errors.As(err, &there) {
			return c, nil, fmt.Errorf("metrics: %w", err)
		}
		var ours bool
		if c, ours = there.ExistingCollector.(C); !ours {
			return c, nil, fmt.Errorf("metrics: %w", err)
		}
	}
	c.add(user)
	return c, func() {
		joining.Lock()
		defer joining.Unlock()
		if c.remove(user) {
			registerer.Unregister(c)
		}
	}, nil
}
