package redisq

import (
	"strconv"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// Keys that belong to no queue.
const (
	keyQueues  = "zq:queues"  // SET of the names of all queues that were ever used
	keyWorkers = "zq:workers" // ZSET worker id -> when it is forgotten, in ms
	keyWorker  = "zq:worker:" // + id: STRING, what the worker tells of itself, as JSON

	keySchedules  = "zq:schedules"  // HASH schedule -> its queue
	keyOperations = "zq:operations" // ZSET operation id -> until when somebody works on it, in ms
	keyAnswer     = "zq:answer:"    // + SHA-256 of an idempotency key: HASH, the request and its answer
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
	ready      string // ready       LIST    messages; pushed left, taken right; "" wakes a worker
	high       string // ready:high  LIST    messages of high priority
	low        string // ready:low   LIST    messages of low priority
	suspect    string // suspect     LIST    messages whose workers died twice
	crashes    string // crashes     HASH    task id -> how often its worker died
	withdrawn  string // withdrawn   SET     ids that were called off and are still on a list
	stopping   string // stopping    SET     ids in flight that are called off
	relay      string // relay       HASH    who moves messages to the carrier, until when, and the batch that it moves
	relaying   string // relaying    LIST    messages of that batch, in their order
	taken      string // taken       SET     ids that came by a carrier and are in flight
	deleted    string // deleted     ZSET    ids of deleted tasks that a carrier may bring again -> forget at, in ms
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
	gate       string // gate        HASH    what a fetch goes by: paused, limits, and their state
	progress   string // progress    HASH    task id -> what its handler reported last
	unique     string // unique:<hash> STRING  mode and id of the task that has the key; this is the prefix
	samples    string // samples     LIST    times and totals, newest left, from which rates are told
	deadOf     string // dead:<fp>   ZSET    as dead, of one fingerprint; this is the prefix
	errors     string // errors      HASH    fingerprint -> error of one of its dead letters
	operation  string // op:<id>     HASH    an operation; this is the prefix
	schedules  string // schedules   HASH    name -> schedule, as JSON
	schedNext  string // schedules:next ZSET name -> its next time, in ms
	waiters    string // waiters     SET     ids that somebody waits for
	done       string // done        CHANNEL ids that somebody waited for
	stop       string // stop        CHANNEL ids in flight that are called off
}

func keysOf(queue string) queueKeys {
	p := "zq:{" + queue + "}:"
	return queueKeys{
		prefix: p, version: p + "v", sequence: p + "seq",
		ready: p + "ready", high: p + "ready:high", low: p + "ready:low", suspect: p + "suspect",
		crashes: p + "crashes", withdrawn: p + "withdrawn", stopping: p + "stopping", landing: p + "landing", relay: p + "relay", relaying: p + "relaying", taken: p + "taken", deleted: p + "deleted",
		groups: p + "groups", inflight: p + "if:",
		scheduled: p + "scheduled", scheduledD: p + "scheduled:d",
		retry: p + "retry", retryD: p + "retry:d",
		dead: p + "dead", cancelled: p + "cancelled", expired: p + "expired", parked: p + "parked",
		finished: p + "finished", finishedAt: p + "finished:at",
		counters: p + "counters", gate: p + "gate", progress: p + "progress", unique: p + "unique:",
		samples: p + "samples", deadOf: p + "dead:", errors: p + "errors", operation: p + "op:",
		schedules: p + "schedules", schedNext: p + "schedules:next",
		waiters: p + "waiters", done: p + "done", stop: p + "stop",
	}
}

// place is where the record of a task is: a slot of a bucket, or a key of its own and no slot.
type place struct{ key, slot string }

// place finds the record of an id; the function record_place of the scripts does the same.
func (k queueKeys) place(id string) place {
	bucket, slot, ours := slotOf(id)
	if !ours {
		return place{key: k.prefix + "id:" + id}
	}
	return place{key: k.bucket(bucket), slot: strconv.FormatUint(slot, 10)}
}

// slotOf is where the record of an id of ours is.
func slotOf(id string) (bucket, slot uint64, ours bool) {
	_, partition, sequence, ok := taskid.Parse(id)
	return sequence / bucketSize, sequence % bucketSize, ok && partition == 0
}

// bucket is where the records of 64 successive ids are.
func (k queueKeys) bucket(number uint64) string {
	return k.prefix + "r:" + strconv.FormatUint(number, 10)
}

// lock is where the task's unique key is held, with the letter of its mode and the time in ms that it is
// held; 0 is until it is freed. There is no key when the task has none.
func (k queueKeys) lock(task *zeroq.Task) (keys []string, mode string, ttl int64) {
	if task.Unique == nil {
		return nil, "", 0
	}
	lock := lockOf(task.Unique)
	return []string{k.unique + lock[1:]}, lock[:1], task.Unique.For.Milliseconds()
}
