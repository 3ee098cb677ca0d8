package queue

import (
	"fmt"
	"strings"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

func list(s *session.Session, infos []zeroq.QueueInfo) {
	rows := make([][]any, len(infos))
	for i, q := range infos {
		rows[i] = []any{
			q.Queue, q.Counts[zeroq.Ready], q.Counts[zeroq.Leased], q.Counts[zeroq.Scheduled], q.Counts[zeroq.Retry],
			q.Counts[zeroq.Dead], age(q), rate(q, zeroq.CountEnqueued), rate(q, zeroq.CountSucceeded), status(s, q),
		}
	}
	s.Table([]string{
		"QUEUE", "READY", "RUNNING", "LATER", "RETRY", "DEAD", "OLDEST", "IN/S", "DONE/S", "",
	}, rows)
}

// age is how long the first ready task waits.
func age(q zeroq.QueueInfo) string {
	if q.Counts[zeroq.Ready] == 0 {
		return "-"
	}
	return session.Length(q.OldestAge)
}

// rate is how many tasks did something in a second, with as many digits as mean something.
func rate(q zeroq.QueueInfo, c zeroq.Counter) float64 {
	r := q.Rates[c]
	var rounded float64
	if _, err := fmt.Sscan(fmt.Sprintf("%.2g", r), &rounded); err != nil || r >= 100 {
		return float64(int64(r + 0.5))
	}
	return rounded
}

// status is what somebody decided of the queue.
func status(s *session.Session, q zeroq.QueueInfo) session.Painted {
	var words []string
	if q.Paused {
		words = append(words, string(s.Warn("paused")))
	}
	if q.Draining {
		words = append(words, string(s.Warn("draining")))
	}
	return session.Painted(strings.Join(words, ", "))
}

func show(s *session.Session, q zeroq.QueueInfo) {
	fields := []session.Field{
		{Name: "queue", Value: q.Queue},
		{Name: "status", Value: status(s, q)},
		{Name: "oldest ready", Value: age(q)},
	}
	s.Fields(append(fields, limitFields(q.Limits)...)...)
	var rows [][]any
	for _, state := range zeroq.States {
		rows = append(rows, []any{s.State(state), q.Counts[state]})
	}
	fmt.Fprintln(s.Out)
	s.Table([]string{"STATE", "NOW"}, rows)
	rows = nil
	for _, c := range zeroq.Counters {
		rows = append(rows, []any{string(c), q.Totals[c], rate(q, c)})
	}
	fmt.Fprintln(s.Out)
	s.Table([]string{"COUNTER", "TOTAL", "IN A SECOND"}, rows)
}

func limitFields(l zeroq.Limits) []session.Field {
	none := func(value any, is bool) any {
		if is {
			return "no limit"
		}
		return value
	}
	fields := []session.Field{{Name: "rate", Value: none(fmt.Sprint(l.Rate, " a second"), l.Rate == 0)}}
	if l.Burst > 0 {
		fields = append(fields, session.Field{Name: "burst", Value: l.Burst})
	}
	return append(fields,
		session.Field{Name: "concurrency", Value: none(l.Concurrency, l.Concurrency == 0)},
		session.Field{Name: "max length", Value: none(l.MaxLength, l.MaxLength == 0)},
	)
}
