package carried

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// scripted is a carrier that takes messages as it is told to: a line for each publish, a letter for each
// message: y, n (it did not get it), ? (it got it, and the answer was lost), x (refused).
type scripted struct {
	broker.Carrier
	lines []string
	taken []string // bodies
}

func (s *scripted) Publish(_ context.Context, _ string, messages []broker.Message) []error {
	line := strings.Repeat("y", len(messages))
	if len(s.lines) > 0 {
		line, s.lines = s.lines[0], s.lines[1:]
	}
	errs := make([]error, len(messages))
	for i, m := range messages {
		switch line[i] {
		case 'n', '?':
			errs[i] = zeroq.ErrUnavailable
		case 'x':
			errs[i] = broker.ErrRefused
		}
		if strings.ContainsRune("y?", rune(line[i])) {
			s.taken = append(s.taken, string(m.Body))
		}
	}
	return errs
}

// However publishing fails, the first that arrives of each message of a group is in the group's order, and
// nothing is published again without need.
func TestLoad_KeepsOrderThroughFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines  []string
		taken  string
		buried int
	}{
		"all at once":                {nil, "a1 b1 a2 - b2 a3", 0},
		"none at first":              {[]string{"nnnnnn"}, "a1 b1 a2 - b2 a3", 0},
		"one of a group":             {[]string{"nyyyyy"}, "b1 a2 - b2 a3 a1 a2 a3", 0},
		"the last of a group":        {[]string{"yyyyyn"}, "a1 b1 a2 - b2 a3", 0},
		"one without a group":        {[]string{"yyynyy"}, "a1 b1 a2 b2 a3 -", 0},
		"twice":                      {[]string{"ynyyyy", "ny"}, "a1 a2 - b2 a3 b2 b1 b2", 0},
		"an answer is lost":          {[]string{"?yyyyy"}, "a1 b1 a2 - b2 a3 a1 a2 a3", 0},
		"one is refused":             {[]string{"xyyyyy"}, "b1 a2 - b2 a3", 1},
		"one is refused, one failed": {[]string{"xynyyy"}, "b1 - b2 a3 a2 a3", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			carrier := &scripted{lines: test.lines}
			r := &relay{queue: "q", carrier: carrier, load: newLoad("q", broker.Batch{Number: 7})}
			for i, body := range strings.Fields("a1 b1 a2 - b2 a3") {
				group := strings.TrimRight(body, "-123")
				r.load.all = append(r.load.all, broker.Message{Group: group, Body: []byte(body)})
				r.load.left = append(r.load.left, i)
			}
			for range len(test.lines) {
				if err := r.publish(t.Context()); !strings.Contains(strings.Join(test.lines, ""), "n") &&
					!strings.Contains(strings.Join(test.lines, ""), "?") && err != nil {
					t.Errorf("publish: %v", err)
				}
			}
			if err := r.publish(t.Context()); err != nil {
				t.Errorf("in the end: %v", err)
			}
			if got := strings.Join(carrier.taken, " "); got != test.taken {
				t.Errorf("published %s, want %s", got, test.taken)
			}
			if len(r.load.refused) != test.buried {
				t.Errorf("%d are refused", len(r.load.refused))
			}
		})
	}
}

// door is a Redis that answers as it is told to.
type door struct {
	broker.Admitter
	asked   [][]string
	answers []func(messages [][]byte) ([]broker.Verdict, []*broker.Delivery, error)
}

func (d *door) Admit(_ context.Context, messages [][]byte) ([]broker.Verdict, []*broker.Delivery, error) {
	var bodies []string
	for _, m := range messages {
		bodies = append(bodies, string(m))
	}
	d.asked = append(d.asked, bodies)
	answer := d.answers[0]
	d.answers = d.answers[1:]
	return answer(messages)
}

func fails(err error) func([][]byte) ([]broker.Verdict, []*broker.Delivery, error) {
	return func([][]byte) ([]broker.Verdict, []*broker.Delivery, error) { return nil, nil, err }
}

func grants(messages [][]byte) (verdicts []broker.Verdict, deliveries []*broker.Delivery, err error) {
	for _, m := range messages {
		verdicts = append(verdicts, broker.Granted)
		deliveries = append(deliveries, &broker.Delivery{Raw: m, Receipt: string(m), Lease: "l"})
	}
	return verdicts, deliveries, nil
}

// given is a subscription that has some messages, and may lose them.
type given struct {
	broker.Subscription
	parcels []*broker.Parcel
	lost    bool
	acked   int
}

func (g *given) Receive(n int) []*broker.Parcel {
	n = min(n, len(g.parcels))
	taken := g.parcels[:n]
	g.parcels = g.parcels[n:]
	return taken
}
func (g *given) Arrived() <-chan struct{}  { return nil }
func (g *given) Holds(*broker.Parcel) bool { return !g.lost }
func (g *given) Err() error                { return nil }
func (g *given) Ack(p ...*broker.Parcel)   { g.acked += len(p) }

const someID = `{"id":"a","enqueued_at":"2026-01-01T00:00:00Z","type":"echo","data":1}`

func doorMember(d *door, sub *given) *member {
	m := newMember(&Broker{longRun: longRun}, broker.Join{Queue: "q"}, broker.Powers{Order: true})
	m.Admitter, m.sub = d, sub
	return m
}

// What Redis may have granted in an answer that was lost is asked for again, whoever has the message by then.
func TestMember_AsksAgainForWhatItMayHave(t *testing.T) {
	t.Parallel()
	d := &door{answers: []func([][]byte) ([]broker.Verdict, []*broker.Delivery, error){fails(zeroq.ErrUnavailable), grants}}
	sub := &given{parcels: []*broker.Parcel{{Message: broker.Message{Body: []byte(someID)}}}}
	m := doorMember(d, sub)
	if _, err := m.Fetch(t.Context(), 5, 0); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Fatalf("fetch: %v", err)
	}
	sub.lost = true
	if got, err := m.Fetch(t.Context(), 5, 0); err != nil || len(got) != 1 {
		t.Fatalf("fetched %d, %v", len(got), err)
	}
	if len(d.asked) != 2 || !slices.Equal(d.asked[0], d.asked[1]) {
		t.Errorf("asked for %v", d.asked)
	}
}

// What was certainly not granted is dropped when another has the message.
func TestMember_DropsWhatAnotherHas(t *testing.T) {
	t.Parallel()
	d := &door{answers: []func([][]byte) ([]broker.Verdict, []*broker.Delivery, error){fails(&broker.ClosedError{Cause: broker.ErrPaused})}}
	sub := &given{parcels: []*broker.Parcel{{Message: broker.Message{Body: []byte(someID)}}}}
	m := doorMember(d, sub)
	if _, err := m.Fetch(t.Context(), 5, 0); !errors.Is(err, broker.ErrPaused) {
		t.Fatalf("fetch: %v", err)
	}
	sub.lost = true
	if got, err := m.Fetch(t.Context(), 5, 0); err != nil || len(got) != 0 || len(d.asked) != 1 {
		t.Errorf("fetched %d, %v; asked %d times", len(got), err, len(d.asked))
	}
}

// Messages of tasks that a dead worker has must not leave slots empty until a reaper comes.
func TestMember_KeepsWhatIsBusyAsLongAsItMust(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		group string
		age   time.Duration
		acked int
	}{
		"just come":             {"", 0, 0},
		"a while ago":           {"", onDisk, 1},
		"of a group, just come": {"g", 0, 0},
		"of a group":            {"g", time.Hour, 0},
	} {
		sub := &given{}
		m := doorMember(nil, sub)
		m.turnedDown(&waiting{Parcel: &broker.Parcel{Message: broker.Message{Group: test.group}}, since: time.Now().Add(-test.age)}, broker.Busy)
		if sub.acked != test.acked {
			t.Errorf("%s: %d are acknowledged, want %d", name, sub.acked, test.acked)
		}
	}
}
