package bridge

import (
	"time"

	"github.com/zeromicro/go-zero/core/logx"
)

// sayEvery is how long a report keeps quiet after it said something.
const sayEvery = 10 * time.Second

// report is what the log is told of a bridge: the first of a row of troubles and then one every ten seconds,
// and the same of messages of which no task can be made.
type report struct {
	what    string
	failing bool
	said    time.Time

	unread     int
	unreadSaid time.Time
}

func newReport(what string) *report { return &report{what: what} }

// trouble is told of each attempt, nil when it worked.
func (r *report) trouble(err error) {
	switch {
	case err == nil && r.failing:
		logx.Infof("%s: works again", r.what)
		r.failing = false
	case err != nil && (!r.failing || time.Since(r.said) > sayEvery):
		logx.Errorf("%s: %v; trying again", r.what, err)
		r.failing, r.said = true, time.Now()
	}
}

// unreadable does not say why, as that may quote the message; the dead letter does.
func (r *report) unreadable(id string) {
	r.unread++
	if time.Since(r.unreadSaid) > sayEvery {
		logx.Errorf("%s: no task can be made of %d messages, which become dead letters; the last is %s", r.what, r.unread, id)
		r.unread, r.unreadSaid = 0, time.Now()
	}
}
