package pool

import (
	"encoding/json"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/verdict"
)

// rules are those of a lane for tasks of the route.
func (p *Pool) rules(l *lane, route zeroq.Route) verdict.Rules {
	return verdict.Rules{
		Worker: p.conf.Worker, Mode: l.queue.Mode, Retry: verdict.Policy(route, l.queue.Retry, p.conf.Retry),
	}
}

// prejudge decides what needs no handler; ok is false for a delivery that may start.
func (p *Pool) prejudge(l *lane, d *broker.Delivery) (o broker.Outcome, err error, ok bool) {
	var route zeroq.Route
	known := false
	if d.Task != nil {
		route, known = p.mux.Route(d.Task.Type)
	}
	return p.rules(l, route).Before(d, known, l.member.Now())
}

// judge decides what a handler's answer makes of its task.
func (p *Pool) judge(one *run, result json.RawMessage, err error) broker.Outcome {
	return p.rules(one.lane, one.route).After(one.facts(one.term.cause()), result, err)
}

// handBack gives a task to other workers, if it may start twice.
func (p *Pool) handBack(one *run, cause error) broker.Outcome {
	return p.rules(one.lane, zeroq.Route{}).HandBack(one.facts(cause))
}

// facts are what a verdict needs of a run that ends now.
func (r *run) facts(cause error) verdict.Run {
	return verdict.Run{
		Delivery: r.delivery, StartedAt: r.started, FinishedAt: r.lane.member.Now(),
		Took: time.Since(r.began), Cause: cause,
	}
}
