package tasks

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeroq-dev/zeroq"
)

func TestSleep_LastsAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := run(t.Context(), zeroq.HandlerFunc(sleep), `{"for":"1h30m"}`)
		mustSucceed(t, err)
		if took := time.Since(start); took != 90*time.Minute {
			t.Errorf("slept %v", took)
		}
	})
}

func TestSleep_EndsWithTheCauseOfItsContext(t *testing.T) {
	t.Parallel()
	_, err := run(cancelled(t), zeroq.HandlerFunc(sleep), `{"for":"24h"}`)
	if !errors.Is(err, errCalledOff) {
		t.Errorf("got %v", err)
	}
}

func TestSleep_RefusesWhatIsNoDuration(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`null`, `{}`, `{"for":""}`, `{"for":"2"}`, `{"for":"-2s"}`, `{"for":"soon"}`} {
		_, err := run(t.Context(), zeroq.HandlerFunc(sleep), data)
		mustBePermanent(t, err, "data of some.type: for")
	}
}
