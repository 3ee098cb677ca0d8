package redisq

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/wire"
)

// operationLease is how long an operation is its worker's after each step.
const operationLease = 10 * time.Second

// newOperationID returns an id that says by itself which queue the operation is of.
func newOperationID(queue string) string {
	return "op~" + queue + "~" + strings.ToLower(rand.Text()[:10])
}

// operationKey is where an operation is; empty for what is no id of one.
func operationKey(id string) string {
	kind, rest, _ := strings.Cut(id, "~")
	queue, name, ok := strings.Cut(rest, "~")
	if kind != "op" || !ok || len(name) != 10 || strings.Contains(name, "~") || zeroq.ValidateQueue(queue) != nil {
		return ""
	}
	return keysOf(queue).operation + id
}

// Begin implements [broker.Operator]. Where the operation's key and the list of operations are two
// slots of a cluster, the list comes first: an entry without an operation is dropped in time.
func (b *Broker) Begin(ctx context.Context, op zeroq.Operation) (zeroq.Operation, error) {
	if err := checkOperation(op); err != nil {
		return op, err
	}
	if err := b.checkUsed(ctx, op.Queue); err != nil {
		return op, err
	}
	if err := b.checkListed(ctx, op.Queue, op.Selection); err != nil {
		return op, err
	}
	op.Selection.IDs = once(op.Selection.IDs)
	matched, sizes, err := b.matched(ctx, op.Queue, op.Selection)
	if err != nil {
		return op, err
	}
	if err := b.Ping(ctx); err != nil {
		return op, err
	}
	op.ID, op.Status, op.Matched = newOperationID(op.Queue), zeroq.OperationRunning, matched
	op.CreatedAt = b.clock.now()
	op.Done, op.Failed, op.Error, op.FinishedAt = 0, 0, "", time.Time{}
	if err := b.note(ctx, op.ID, op.CreatedAt.Add(operationLease)); err != nil {
		return op, err
	}
	if _, err := b.run(ctx, b.calls, scriptOpBegin, []string{operationKey(op.ID)}, operationFields(op, sizes)...); err != nil {
		return op, err
	}
	return op, b.note(ctx, op.ID, op.CreatedAt)
}

// once leaves out ids that stand there already.
func once(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	var kept []string
	for _, id := range ids {
		if !seen[id] {
			kept = append(kept, id)
		}
		seen[id] = true
	}
	return kept
}

func checkOperation(op zeroq.Operation) error {
	if err := checkSelection(op.Selection); err != nil {
		return err
	}
	state := op.Selection.State
	switch {
	case op.Verb != zeroq.VerbDelete && op.Verb != zeroq.VerbRetry:
		return &zeroq.FieldError{Field: "verb", Reason: "must be delete or retry"}
	case op.Verb == zeroq.VerbRetry && state != zeroq.Dead && state != zeroq.Cancelled && state != zeroq.Expired:
		return &zeroq.FieldError{Field: "state", Reason: "must be dead, cancelled or expired"}
	case math.IsNaN(op.Rate) || math.IsInf(op.Rate, 0) || op.Rate != 0 && (op.Rate < 0.001 || op.Rate > 1_000_000):
		return &zeroq.FieldError{Field: "rate", Reason: "must be 0.001 to 1000000 a second"}
	}
	return nil
}

// note says until when somebody works on the operation.
func (b *Broker) note(ctx context.Context, id string, until time.Time) error {
	_, err := b.run(ctx, b.calls, scriptOpNote, []string{keyOperations}, id, until.UnixMilli())
	return err
}

// operationFields are an operation as its hash has it. sizes bounds what is taken from each list.
func operationFields(op zeroq.Operation, sizes []int64) []any {
	ids := []byte("")
	if len(op.Selection.IDs) > 0 {
		ids, _ = json.Marshal(op.Selection.IDs) // strings: it cannot fail
	}
	fields := []any{
		"queue", op.Queue, "verb", string(op.Verb), "state", string(op.Selection.State), "ids", ids,
		"fingerprint", op.Selection.Fingerprint, "rate", strconv.FormatFloat(op.Rate, 'f', -1, 64),
		"status", string(op.Status), "matched", op.Matched, "done", 0, "failed", 0, "error", "",
		"began", op.CreatedAt.UnixMilli(), "began_at", wire.FormatTime(op.CreatedAt),
		"stage", 0, "step", 0, "owner", "", "until", 0, "next", 0,
	}
	for stage, size := range sizes {
		fields = append(fields, "bound:"+strconv.Itoa(stage), size)
	}
	return fields
}

// underway is an operation with what only its worker needs to know.
type underway struct {
	zeroq.Operation
	stage, step int
	next        time.Time
}

func decodeOperation(id string, fields map[string]string) (underway, error) {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(fields[name], 10, 64)
		return n
	}
	op := zeroq.Operation{
		ID: id, Queue: fields["queue"], Verb: zeroq.Verb(fields["verb"]), Status: zeroq.OperationStatus(fields["status"]),
		Selection: zeroq.Selection{State: zeroq.State(fields["state"]), Fingerprint: fields["fingerprint"]},
		Matched:   number("matched"), Done: number("done"), Failed: number("failed"), Error: fields["error"],
		CreatedAt: millis(number("began")), FinishedAt: millis(number("finished")),
	}
	op.Rate, _ = strconv.ParseFloat(fields["rate"], 64)
	if ids := fields["ids"]; ids != "" {
		if err := json.Unmarshal([]byte(ids), &op.Selection.IDs); err != nil {
			return underway{}, fmt.Errorf("operation %s: %w", id, err)
		}
	}
	return underway{
		Operation: op, stage: int(number("stage")), step: int(number("step")),
		next: millis(number("next")),
	}, nil
}

// Operation implements [broker.Operator].
func (b *Broker) Operation(ctx context.Context, id string) (zeroq.Operation, error) {
	key := operationKey(id)
	if key == "" {
		return zeroq.Operation{}, zeroq.ErrNotFound
	}
	fields, err := b.calls.HGetAll(ctx, key).Result()
	if err != nil {
		return zeroq.Operation{}, explain(err)
	}
	if len(fields) == 0 {
		return zeroq.Operation{}, zeroq.ErrNotFound
	}
	p, err := decodeOperation(id, fields)
	return p.Operation, err
}

// Abort implements [broker.Operator]. The step at hand is made to its end.
func (b *Broker) Abort(ctx context.Context, id string) error {
	key := operationKey(id)
	if key == "" {
		return zeroq.ErrNotFound
	}
	answer, err := b.run(ctx, b.calls, scriptOpEnd, []string{key}, "", string(zeroq.OperationCancelled))
	if err != nil {
		return err
	}
	if answer.status == statusNone {
		return zeroq.ErrNotFound
	}
	return explainNil(b.calls.ZRem(ctx, keyOperations, id).Err())
}
