// Package plan is what a child process of a chaos run is told. It is the same for all systems that
// are compared.
package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/test/chaos/deed"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Env is the environment variable that holds a plan as JSON. A program of the harness that finds it
// does what it says and nothing else.
const Env = "ZEROQ_CHAOS_PLAN"

// Roles of processes.
const (
	Worker   = "worker"
	Producer = "producer"
	API      = "api"
	// Operator calls tasks off.
	Operator = "operator"
	// Kafka is a cluster of Kafka, as far as the library has one that plays it.
	Kafka = "kafka"
	// Final prints what Redis holds in the end, as JSON of check.Final. It plays in programs of peers.
	Final = "final"
)

// Plan is what one process does.
type Plan struct {
	// Role is what the process plays.
	Role string
	// Process is its number in the run, from 1.
	Process uint32
	// Folder holds the ledgers of the run.
	Folder string
	// Redis is the host:port of the process's own way to Redis.
	Redis string
	// Queue is where its tasks are put or taken.
	Queue string
	// Broker carries the queue's ready tasks, and says the process's own way there; nil: Redis does.
	Broker *zeroq.BrokerConf `json:",omitempty"`
	// Clock is by how much its wall clock is wrong.
	Clock time.Duration `json:",omitempty"`
	// Work is for workers, Load for producers, Serve for APIs.
	Work  Work
	Load  Load
	Serve Serve
	// Call is for operators.
	Call Call
	// Ports are those of Kafka's brokers.
	Ports []int `json:",omitempty"`
}

// Work is what a worker does.
type Work struct {
	// Concurrency is how many tasks run at once.
	Concurrency int
	// Lease is how long it may be silent; 0 is the system's default.
	Lease time.Duration `json:",omitempty"`
	// Drain is how long tasks may go on after SIGTERM; 0 is the system's default.
	Drain time.Duration `json:",omitempty"`
	// Once runs tasks at most once, where the system can.
	Once bool `json:",omitempty"`
	// Places passes each place of a handler on to Redis, so that the way there can be cut at it.
	Places bool `json:",omitempty"`
	// Blind workers know no handler: to them all tasks are of an unknown type.
	Blind bool `json:",omitempty"`
}

// Ways to enqueue.
const (
	ByHTTP  = "http"    // POST to the API, each with an id that the producer chose
	ByKey   = "key"     // POST to the API, each with an idempotency key
	Direct  = "direct"  // straight to Redis, each with an id that the producer chose
	Plain   = "plain"   // straight to Redis, with ids that the queue assigns; one without an answer is not sent again
	ByList  = "list"    // LPUSH of a message without an id; one without an answer is not sent again
	Garbage = "garbage" // LPUSH of what nobody can read
)

// Load is what a producer sends. It sends a task again until it is answered.
type Load struct {
	// Way is how it enqueues: see the constants.
	Way string
	// URL is that of the API, for the ways that need one.
	URL string `json:",omitempty"`
	// First is the number of the first task, Count how many there are.
	First uint64
	Count int
	// Batch is how many it sends at once; 0 is 1.
	Batch int `json:",omitempty"`
	// Rate is how many tasks it sends a second at most; 0 is as many as it can.
	Rate float64 `json:",omitempty"`
	// Seed and Mix decide what each task does.
	Seed uint64
	Mix  []Share `json:",omitempty"`
	// Keys gives each task one of so many unique keys; 0 gives none. A task that is refused as a
	// duplicate is over.
	Keys uint64 `json:",omitempty"`
	// Groups gives each task one of so many groups, which is noted as its key; 0 gives none.
	Groups uint64 `json:",omitempty"`
	// GiveUp has it not send again what was refused as Redis is full.
	GiveUp bool `json:",omitempty"`
}

// Share is a deed and how often it is sent, in relation to the others.
type Share struct {
	Weight int
	Deed   deed.Deed
	// Delay is how long the task waits before it is due.
	Delay time.Duration `json:",omitempty"`
	// Timeout is how long one attempt may take; 0 is the system's default.
	Timeout time.Duration `json:",omitempty"`
	// High gives it the high priority, where the system has one.
	High bool `json:",omitempty"`
}

// Call is what an operator does: it calls off tasks that a producer may have sent a moment ago, so that
// they are met in every state.
type Call struct {
	// URL is that of the API.
	URL string
	// First is the number of the producer's first task, Count how many it sends, and Over how long that takes.
	First uint64
	Count int
	Over  time.Duration
	// Rate is how many tasks a second are called off.
	Rate float64
	Seed uint64
}

// Serve is what an API does.
type Serve struct {
	Port int
}

// Read returns the plan of this process; ok is false when there is none.
func Read() (p Plan, ok bool, err error) {
	text, ok := os.LookupEnv(Env)
	if !ok {
		return p, false, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, true, fmt.Errorf("%s: %w", Env, err)
	}
	return p, true, nil
}

// Encode is the plan as it is handed to a process.
func (p Plan) Encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // it holds only plain values
	}
	return Env + "=" + string(text)
}

// Task is what the n-th task of all is to do: the same for whoever asks.
func (l Load) Task(n uint64) Share {
	random := rand.New(rand.NewPCG(l.Seed, n))
	share := Share{Weight: 1}
	if len(l.Mix) > 0 {
		total := 0
		for _, s := range l.Mix {
			total += s.Weight
		}
		pick := random.IntN(total)
		for _, share = range l.Mix {
			if pick -= share.Weight; pick < 0 {
				break
			}
		}
	}
	share.Deed.N = n
	if most := cmp.Or(l.Keys, l.Groups); most > 0 {
		share.Deed.Key = 1 + random.Uint64N(most)
	}
	return share
}

// Expect is what is to become of a task.
func (l Load) Expect(n uint64) ledger.Code {
	switch do := l.Task(n).Deed.Do; {
	case l.Way == Garbage:
		return ledger.Unreadable
	case do == deed.Give, do == deed.Poison:
		return ledger.Dies
	default:
		return ledger.Succeeds
	}
}

// ID is the id that a producer chooses for its n-th task.
func ID(n uint64) string { return fmt.Sprintf("n%d", n) }
