package zeroqtest

import (
	"slices"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/verdict"
)

// Option sets one thing of [New] or [Run].
type Option func(*settings)

// settings are how tasks are run.
type settings struct {
	clock  clock
	retry  zeroq.RetryPolicy
	once   bool     // start no task twice,
	queues []string // in these queues, or in all if there are none
	cause  error
}

// Retry is the retry policy of the worker, which holds for types that have none of their own. Default:
// [zeroq.DefaultRetryPolicy]. Here no policy has any jitter.
func Retry(policy zeroq.RetryPolicy) Option { return func(s *settings) { s.retry = policy } }

// AtMostOnce makes these queues, or all if none is named, start no task twice.
func AtMostOnce(queues ...string) Option {
	return func(s *settings) { s.once, s.queues = true, queues }
}

// Interrupted has handlers start with a context that has ended for this cause, such as
// [zeroq.ErrTimeout], [zeroq.ErrCancelled] or [zeroq.ErrShutdown].
func Interrupted(cause error) Option { return func(s *settings) { s.cause = cause } }

// At is the time at which the clock starts. Default: now.
func At(now time.Time) Option {
	return func(s *settings) { s.clock.at = now.UTC().Truncate(resolution) }
}

// InBubble makes the clock that of the bubble of testing/synctest that the test runs in: time.Now tells
// handlers the time of the queues, and the timeouts of tasks take no time.
func InBubble() Option { return func(s *settings) { s.clock.bubble = true } }

func newSettings(options []Option) settings {
	s := settings{retry: zeroq.DefaultRetryPolicy}
	At(time.Now())(&s)
	for _, option := range options {
		option(&s)
	}
	return s
}

// rules are what becomes of tasks of a queue and a route by.
func (s *settings) rules(queue string, route zeroq.Route) verdict.Rules {
	rules := verdict.Rules{Worker: workerID, Mode: broker.AtLeastOnce, Retry: verdict.Policy(route, s.retry)}
	rules.Retry.Jitter = 0
	if s.once && (len(s.queues) == 0 || slices.Contains(s.queues, queue)) {
		rules.Mode = broker.AtMostOnce
	}
	return rules
}
