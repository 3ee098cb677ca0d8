package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// memo keeps what was made for each key. Looking one up takes no lock; keys must be few, as a new one
// copies the others.
type memo[K comparable, V any] struct {
	make func(K) V
	mu   sync.Mutex // held to add
	made atomic.Pointer[map[K]V]
}

func newMemo[K comparable, V any](make func(K) V) *memo[K, V] {
	m := &memo[K, V]{make: make}
	m.made.Store(&map[K]V{})
	return m
}

func (m *memo[K, V]) of(key K) V {
	if v, ok := (*m.made.Load())[key]; ok {
		return v
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.made.Load()
	if v, ok := old[key]; ok {
		return v
	}
	made := maps.Clone(old)
	made[key] = m.make(key)
	m.made.Store(&made)
	return made[key]
}
