package redisq

import (
	"strconv"

	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Keys that belong to no queue.
const (
	keyQueues  = "zq:queues"  // SET of the names of all queues that were ever used
	keyWorkers = "zq:workers" // ZSET worker id -> when it is forgotten, in ms
	keyWorker  = "zq:worker:" // + id: STRING, what the worker tells of itself, as JSON
)

// bucketSize is how many records of successive ids share a hash: few enough for Redis to keep a
// hash of short records compact.
const bucketSize = 64

// queueKeys are the keys of one queue's partition. All share the hash tag {queue}, so that scripts
// run in Redis Cluster. docs/redis-keys.md lists them.
type queueKeys struct {
	prefix     string // of all the others
	version    string // v           STRING  format of the data
	sequence   string // seq         STRING  the first sequence number that was not given out
	ready      string // ready       LIST    messages; pushed left, taken right
	landing    string // landing     LIST    messages that woke a worker; taken first
	groups     string // groups      ZSET    lease group -> expiry in ms
	inflight   string // if:<group>  HASH    task id -> message in flight; this is the prefix
	scheduled  string // scheduled   ZSET    task id -> due in ms
	scheduledD string // scheduled:d HASH    task id -> message
	retry      string // retry       ZSET    task id -> due in ms
	retryD     string // retry:d     HASH    task id -> message
	dead       string // dead        ZSET    task id -> died at, in ms
	cancelled  string // cancelled   ZSET    task id -> forget at, in ms
	expired    string // expired     ZSET    task id -> forget at, in ms
	parked     string // parked      HASH    task id -> message of a dead, cancelled or expired task
	finished   string // finished    LIST    ids of succeeded tasks of the default retention
	finishedAt string // finished:at ZSET    id of a succeeded task of another retention -> forget at
	counters   string // counters    HASH    name -> total since the queue began
	paused     string // paused      STRING  exists while workers take nothing
	waiters    string // waiters     SET     ids that somebody waits for
	done       string // done        CHANNEL ids that somebody waited for
}

func keysOf(queue string) queueKeys {
	p := "zq:{" + queue + "}:"
	return queueKeys{
		prefix: p, version: p + "v", sequence: p + "seq",
		ready: p + "ready", landing: p + "landing", groups: p + "groups", inflight: p + "if:",
		scheduled: p + "scheduled", scheduledD: p + "scheduled:d",
		retry: p + "retry", retryD: p + "retry:d",
		dead: p + "dead", cancelled: p + "cancelled", expired: p + "expired", parked: p + "parked",
		finished: p + "finished", finishedAt: p + "finished:at",
		counters: p + "counters", paused: p + "paused", waiters: p + "waiters", done: p + "done",
	}
}

// place is where the record of a task is: a slot of a bucket, or a key of its own and no slot.
type place struct{ key, slot string }

// place finds the record of an id; the function record_place of the scripts does the same.
func (k queueKeys) place(id string) place {
	_, partition, sequence, ok := taskid.Parse(id)
	if !ok || partition != 0 {
		return place{key: k.prefix + "id:" + id}
	}
	return place{
		key:  k.prefix + "r:" + strconv.FormatUint(sequence/bucketSize, 10),
		slot: strconv.FormatUint(sequence%bucketSize, 10),
	}
}
