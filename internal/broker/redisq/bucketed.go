package redisq

import "time"

var zeroTime time.Time

// bucketed gathers records by the bucket they go to, in the shape of script arguments.
type bucketed struct {
	numbers []uint64
	pairs   [][]any // of each bucket: slot, record, slot, record …
}

func (r *bucketed) add(bucket, slot uint64, record string) {
	// Ids of one batch are in order, so their bucket is nearly always the last one.
	for i := len(r.numbers) - 1; i >= 0; i-- {
		if r.numbers[i] == bucket {
			r.pairs[i] = append(r.pairs[i], slot, record)
			return
		}
	}
	r.numbers = append(r.numbers, bucket)
	r.pairs = append(r.pairs, append(make([]any, 0, 32), slot, record))
}

// appendKeys appends the key of each bucket.
func (r *bucketed) appendKeys(keys []string, k queueKeys) []string {
	for _, number := range r.numbers {
		keys = append(keys, k.bucket(number))
	}
	return keys
}

// appendArgs appends, for each key, the number of its records, then slots and records.
func (r *bucketed) appendArgs(args []any) []any {
	for _, pairs := range r.pairs {
		args = append(append(args, len(pairs)/2), pairs...)
	}
	return args
}
