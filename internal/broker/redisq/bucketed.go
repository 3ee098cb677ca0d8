package redisq

import "time"

var zeroTime time.Time

// bucketed gathers records by the hash they go to, in the shape of script arguments.
type bucketed struct {
	keys  []string
	pairs [][]any // of each key: slot, record, slot, record …
}

func (r *bucketed) add(at place, record string) {
	// Ids of one batch are in order, so their bucket is nearly always the last one.
	for i := len(r.keys) - 1; i >= 0; i-- {
		if r.keys[i] == at.key {
			r.pairs[i] = append(r.pairs[i], at.slot, record)
			return
		}
	}
	r.keys = append(r.keys, at.key)
	r.pairs = append(r.pairs, []any{at.slot, record})
}

// appendArgs appends, for each key, the number of its records, then slots and records.
func (r *bucketed) appendArgs(args []any) []any {
	for _, pairs := range r.pairs {
		args = append(append(args, len(pairs)/2), pairs...)
	}
	return args
}
