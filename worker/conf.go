package worker

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zeromicro/go-zero/core/proc"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/pool"
)

// Conf is what a worker does. The zero value of each field means its default; a file that says 0
// where 0 cannot be is refused.
type Conf struct {
	// Redis is where the queues are.
	Redis zeroq.RedisConf
	// Brokers carry the ready tasks of queues that name them. Default: none, and Redis carries all.
	Brokers []zeroq.BrokerConf `json:",optional"`
	// Pools run tasks. Default: one pool of 10 slots for the queue "default".
	Pools []PoolConf `json:",optional"`
	// Schedules enqueue tasks again and again. All workers of the same queues must list the same ones,
	// or none. Default: none, and those that are there stay as they are.
	Schedules []ScheduleConf `json:",optional"`
	// Retry is how long failed tasks wait. Default: [zeroq.DefaultRetryPolicy].
	Retry zeroq.RetryPolicy `json:",optional"`
	// Lease is how long the worker may be silent before its tasks go to others, 1 s to 10 min; all
	// workers of a queue must have the same. The worker beats four times in that time. A dead
	// worker's tasks run again after at most two leases. Default: 12 s.
	Lease time.Duration `json:",default=12s"`
	// Drain is how long tasks may go on after the worker was told to stop; then their contexts end
	// and what is left is handed back. Default: 20 s.
	Drain time.Duration `json:",default=20s"`
	// DeadFor is how long dead letters are kept. Default: 90 days.
	DeadFor time.Duration `json:",default=2160h"`
	// MaxDead is the most dead letters that a queue keeps: above it the oldest go, which is logged.
	// Default: 100,000.
	MaxDead int `json:",default=100000,range=[1:]"`
	// MaxFinished is the most succeeded tasks that a queue keeps, whatever their retention.
	// Default: 100,000.
	MaxFinished int `json:",default=100000,range=[1:]"`
	// Shutdown is that of the service's ServiceConf: New says so when it is too short. It is set in
	// code, not in a file.
	Shutdown proc.ShutdownConf `json:"-"`
}

// PoolConf is a pool: slots that share some queues.
type PoolConf struct {
	// Name is for logs. Default: that of the first queue.
	Name string `json:",optional"`
	// Concurrency is how many tasks run at once, 1 to 10,000. Default: 10.
	Concurrency int `json:",default=10,range=[1:10000]"`
	// Queues are the queues to take from. Each may stand in one pool of a worker. Default: "default".
	Queues []QueueConf `json:",optional"`
	// Strict takes from a queue only while those before it are empty. Default: by weight.
	Strict bool `json:",optional"`
}

// QueueConf is a queue of a pool.
type QueueConf struct {
	// Name is 1 to 64 of a-z0-9_- and begins with a letter or digit.
	Name string
	// Weight is the queue's share among those of its pool, 1 to 1000. Default: 1.
	Weight int `json:",default=1,range=[1:1000]"`
	// Mode is "at-least-once", or "at-most-once" for work that must never start twice: then a task
	// whose worker died, and one that failed, is a dead letter. Default: at-least-once.
	Mode string `json:",default=at-least-once,options=at-least-once|at-most-once"`
	// Broker is the name of the one of Brokers that carries the queue's ready tasks. All workers of a queue
	// must have the same. Default: Redis carries them.
	Broker string `json:",optional"`
	// Intake are foreign Redis lists whose messages are moved to this queue, oldest (rightmost)
	// first, so that producers which LPUSH there need no change. No list of zeroq's own, whose names
	// begin with "zq:".
	Intake []string `json:",optional"`
	// Retry is how long failed tasks of the queue wait, if their type has no policy of its own: see
	// [zeroq.WithRetry]. Default: that of the worker.
	Retry zeroq.RetryPolicy `json:",optional"`
	// Retention is how long finished tasks are kept that ask for nothing else, at most a year; all
	// workers of a queue must have the same. Default: 1 h.
	Retention time.Duration `json:",default=1h"`
	// Limits are what the queue may do at most, all its workers together. They are set when the worker
	// starts, unless they were set last by the same configuration: what was changed at runtime holds
	// until the configuration changes. Default: left as they are.
	Limits zeroq.Limits `json:",optional"`
}

func (c *Conf) setDefaults() {
	fill(&c.Lease, 12*time.Second)
	fill(&c.Drain, 20*time.Second)
	fill(&c.DeadFor, 90*24*time.Hour)
	fill(&c.MaxDead, 100_000)
	fill(&c.MaxFinished, 100_000)
	if c.Retry == (zeroq.RetryPolicy{}) {
		c.Retry = zeroq.DefaultRetryPolicy
	}
	c.Redis.SetDefaults()
	c.Brokers = carriers.Complete(c.Brokers)
	if len(c.Pools) == 0 {
		c.Pools = []PoolConf{{}}
	}
	for i := range c.Pools {
		c.Pools[i].setDefaults()
	}
}

func (c *PoolConf) setDefaults() {
	fill(&c.Concurrency, 10)
	if len(c.Queues) == 0 {
		c.Queues = []QueueConf{{Name: zeroq.DefaultQueue}}
	}
	for i := range c.Queues {
		fill(&c.Queues[i].Weight, 1)
		fill(&c.Queues[i].Mode, string(broker.AtLeastOnce))
		fill(&c.Queues[i].Retention, zeroq.DefaultRetention)
	}
	fill(&c.Name, c.Queues[0].Name)
}

// fill sets what is zero.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate reports the first mistake, by its key.
func (c Conf) Validate() error {
	c.Pools = clonePools(c.Pools)
	c.setDefaults()
	switch {
	case c.Lease < time.Second || c.Lease > 10*time.Minute:
		return fmt.Errorf("Lease: %v is not within 1s to 10m", c.Lease)
	case c.Drain < 0:
		return fmt.Errorf("Drain: %v is negative", c.Drain)
	case c.DeadFor < 0:
		return fmt.Errorf("DeadFor: %v is negative", c.DeadFor)
	case c.MaxDead < 0:
		return fmt.Errorf("MaxDead: %d is negative", c.MaxDead)
	case c.MaxFinished < 0:
		return fmt.Errorf("MaxFinished: %d is negative", c.MaxFinished)
	}
	if err := c.Retry.Validate(); err != nil {
		return fmt.Errorf("Retry: %w", err)
	}
	if err := carriers.Validate(c.Brokers); err != nil {
		return err
	}
	if err := c.validatePools(); err != nil {
		return err
	}
	if err := c.validateSchedules(); err != nil {
		return err
	}
	return c.Redis.Validate()
}

func clonePools(pools []PoolConf) []PoolConf {
	cloned := make([]PoolConf, len(pools))
	for i, p := range pools {
		p.Queues = append([]QueueConf(nil), p.Queues...)
		cloned[i] = p
	}
	return cloned
}

func (c Conf) validatePools() error {
	seen := make(map[string]bool)
	for i, p := range c.Pools {
		key := fmt.Sprintf("Pools[%d]", i)
		if p.Concurrency < 1 || p.Concurrency > 10_000 {
			return fmt.Errorf("%s.Concurrency: %d is not within 1 to 10000", key, p.Concurrency)
		}
		for j, q := range p.Queues {
			key := fmt.Sprintf("%s.Queues[%d]", key, j)
			if err := c.validateQueue(key, q); err != nil {
				return err
			}
			if seen[q.Name] {
				return fmt.Errorf("%s.Name: queue %q stands in this worker twice", key, q.Name)
			}
			seen[q.Name] = true
		}
	}
	return nil
}

// ownPrefix begins the names of all that zeroq keeps in Redis.
const ownPrefix = "zq:"

func (c Conf) validateQueue(key string, q QueueConf) error {
	if err := zeroq.ValidateQueue(q.Name); err != nil {
		return fmt.Errorf("%s.Name: %q: %w", key, q.Name, err)
	}
	if q.Weight < 1 || q.Weight > 1000 {
		return fmt.Errorf("%s.Weight: %d is not within 1 to 1000", key, q.Weight)
	}
	if mode := broker.Mode(q.Mode); mode != broker.AtLeastOnce && mode != broker.AtMostOnce {
		return fmt.Errorf("%s.Mode: %q is neither %q nor %q", key, q.Mode, broker.AtLeastOnce, broker.AtMostOnce)
	}
	if _, known := carriers.Named(c.Brokers, q.Broker); q.Broker != "" && !known {
		return fmt.Errorf("%s.Broker: no broker of Brokers is named %q", key, q.Broker)
	}
	if err := validatePolicies(key, q); err != nil {
		return err
	}
	for _, list := range q.Intake {
		if list == "" {
			return fmt.Errorf("%s.Intake: a list needs a name", key)
		}
		if strings.HasPrefix(list, ownPrefix) { // moved onto itself, a message would go round for ever
			return fmt.Errorf("%s.Intake: %q is a list of zeroq's own", key, list)
		}
		if c.Redis.Cluster && !redisq.SameSlot(list, q.Name) {
			return fmt.Errorf("%s.Intake: %w: in Redis Cluster the list %q must carry the hash tag {%s}",
				key, zeroq.ErrUnsupported, list, q.Name)
		}
	}
	return nil
}

func validatePolicies(key string, q QueueConf) error {
	if q.Retry != (zeroq.RetryPolicy{}) {
		if err := q.Retry.Validate(); err != nil {
			return fmt.Errorf("%s.Retry: %w", key, err)
		}
	}
	if q.Retention < 0 || q.Retention > zeroq.MaxRetention {
		return fmt.Errorf("%s.Retention: %v is not positive and at most a year", key, q.Retention)
	}
	var wrong *zeroq.FieldError
	if errors.As(q.Limits.Validate(), &wrong) {
		return fmt.Errorf("%s.Limits.%s: %s", key, limitKeys[wrong.Field], wrong.Reason)
	}
	return nil
}

// limitKeys are the keys of limits by the names that they have in messages.
var limitKeys = map[string]string{
	"rate": "Rate", "burst": "Burst", "concurrency": "Concurrency", "max_length": "MaxLength",
}

// What go-zero does when Shutdown says nothing.
const (
	defaultWrapUp = time.Second
	defaultWait   = 5500 * time.Millisecond
)

// errShutdownTooShort is why a drain would be cut off.
var errShutdownTooShort = errors.New("the process would be killed while it drains")

// CheckShutdown reports that go-zero would kill the process before the worker has drained: the
// time from SIGTERM to the kill is Shutdown.WaitTime, and stopping begins after Shutdown.WrapUpTime.
func (c Conf) CheckShutdown() error {
	c.setDefaults()
	wrapUp, wait := c.Shutdown.WrapUpTime, c.Shutdown.WaitTime
	fill(&wrapUp, defaultWrapUp)
	fill(&wait, defaultWait)
	need := wrapUp + c.stopTime()
	if wait < need {
		return fmt.Errorf("Shutdown.WaitTime: %w: it is %v, the drain needs %v", errShutdownTooShort, wait, need)
	}
	return nil
}

// NeededShutdown is a Shutdown that leaves the worker the time to drain, for a process that does
// nothing else.
func (c Conf) NeededShutdown() proc.ShutdownConf {
	c.setDefaults()
	wrapUp := 100 * time.Millisecond
	return proc.ShutdownConf{WrapUpTime: wrapUp, WaitTime: wrapUp + c.stopTime() + time.Second}
}

// stopTime is the longest that the worker takes to stop.
func (c Conf) stopTime() time.Duration { return pool.Conf{Drain: c.Drain}.StopTime() }
