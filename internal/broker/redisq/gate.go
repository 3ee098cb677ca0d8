package redisq

import (
	"context"
	"fmt"
	"strconv"

	"github.com/zeroq-dev/zeroq"
)

// Fields of a gate. The limits have a field while they are set, and are in the order of limitsOf.
const (
	gatePaused     = "paused"
	gateDraining   = "draining"
	gateConfigured = "configured" // the limits that the queue was configured with last
)

var (
	gateLimits = []string{"rate", "burst", "concurrency", "max_length"}
	gateBucket = []string{"tokens", "tokens_at"} // the state of the rate
)

// Pause implements [broker.Controller].
func (b *Broker) Pause(ctx context.Context, queue string) error {
	return b.setGate(ctx, queue, gateChange{set: []string{gatePaused, "1"}})
}

// Resume implements [broker.Controller].
func (b *Broker) Resume(ctx context.Context, queue string) error {
	return b.setGate(ctx, queue, gateChange{remove: []string{gatePaused, gateDraining}})
}

// Drain implements [broker.Controller].
func (b *Broker) Drain(ctx context.Context, queue string) error {
	return b.setGate(ctx, queue, gateChange{set: []string{gateDraining, "1"}})
}

// Limit implements [broker.Controller].
func (b *Broker) Limit(ctx context.Context, queue string, change zeroq.LimitsChange) error {
	if err := b.checkUsed(ctx, queue); err != nil {
		return err
	}
	return b.retryChanged(queue, func() (bool, error) {
		now, err := b.gateFields(ctx, queue, gateLimits)
		if err != nil {
			return false, err
		}
		wanted := change.Apply(limitsOf(now))
		if err := wanted.Validate(); err != nil {
			return false, err
		}
		return b.changeGate(ctx, queue, limitsChange(now, wanted))
	})
}

// Configure implements [broker.Keeper].
func (b *Broker) Configure(ctx context.Context, queue string, limits zeroq.Limits) error {
	if err := limits.Validate(); err != nil {
		return err
	}
	if _, err := b.meet(ctx, queue); err != nil {
		return err
	}
	configured := ""
	if limits != (zeroq.Limits{}) {
		configured = fmt.Sprint(limitTexts(limits))
	}
	return b.retryChanged(queue, func() (bool, error) {
		now, err := b.gateFields(ctx, queue, append([]string{gateConfigured}, gateLimits...))
		if err != nil || now[0] == configured {
			return err == nil, err
		}
		change := limitsChange(now[1:], limits)
		change.expect = append(change.expect, gateConfigured, now[0])
		if configured == "" {
			change.remove = append(change.remove, gateConfigured)
		} else {
			change.set = append(change.set, gateConfigured, configured)
		}
		return b.changeGate(ctx, queue, change)
	})
}

// gateChange is what becomes of a gate. expect and set are field, value, field, value …
type gateChange struct{ expect, remove, set []string }

// limitsChange makes what is wanted of limits as they are now. A new rate begins with a full bucket.
func limitsChange(now []string, wanted zeroq.Limits) gateChange {
	var change gateChange
	for i, value := range limitTexts(wanted) {
		field := gateLimits[i]
		change.expect = append(change.expect, field, now[i])
		switch {
		case value == now[i]:
			continue
		case value == "":
			change.remove = append(change.remove, field)
		default:
			change.set = append(change.set, field, value)
		}
		if field == "rate" {
			change.remove = append(change.remove, gateBucket...)
		}
	}
	return change
}

func (b *Broker) setGate(ctx context.Context, queue string, change gateChange) error {
	if err := b.checkUsed(ctx, queue); err != nil {
		return err
	}
	_, err := b.changeGate(ctx, queue, change)
	return err
}

// changeGate reports whether the gate was as expected; else nothing was changed.
func (b *Broker) changeGate(ctx context.Context, queue string, change gateChange) (bool, error) {
	return b.changeFields(ctx, keysOf(queue).gate, change)
}

func (b *Broker) changeFields(ctx context.Context, key string, change gateChange) (bool, error) {
	var args []any
	for _, list := range []struct {
		values []string
		width  int
	}{{change.expect, 2}, {change.remove, 1}, {change.set, 2}} {
		args = append(args, len(list.values)/list.width)
		for _, value := range list.values {
			args = append(args, value)
		}
	}
	answer, err := b.run(ctx, b.calls, scriptGate, []string{key}, args...)
	return err == nil && answer.status == statusOK, err
}

func (b *Broker) gateFields(ctx context.Context, queue string, fields []string) ([]string, error) {
	values, err := b.calls.HMGet(ctx, keysOf(queue).gate, fields...).Result()
	if err != nil {
		return nil, explain(err)
	}
	return texts(values), nil
}

// limitsOf reads limits in the order of gateLimits; "" is none.
func limitsOf(values []string) (l zeroq.Limits) {
	l.Rate, _ = strconv.ParseFloat(values[0], 64)
	l.Burst, _ = strconv.Atoi(values[1])
	l.Concurrency, _ = strconv.Atoi(values[2])
	l.MaxLength, _ = strconv.Atoi(values[3])
	return l
}

// limitTexts writes limits as limitsOf reads them.
func limitTexts(l zeroq.Limits) []string {
	all := []string{
		strconv.FormatFloat(l.Rate, 'f', -1, 64), strconv.Itoa(l.Burst), strconv.Itoa(l.Concurrency), strconv.Itoa(l.MaxLength),
	}
	for i, text := range all {
		if text == "0" {
			all[i] = ""
		}
	}
	return all
}
