package zeroq

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNewTask_OptionsSetTheirFields(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	got := NewTask("mail", []int{1}, ID("mine"), Queue("q"), RunAt(at), MaxAttempts(3), Timeout(time.Minute),
		Deadline(at.Add(time.Hour)), ExpiresAt(at.Add(time.Minute)), Retention(time.Second), Header("a", "1"), Header("b", "2"))
	if got.Type != "mail" || string(got.Data) != "[1]" || got.ID != "mine" || got.Queue != "q" || !got.RunAt.Equal(at) ||
		got.MaxAttempts != 3 || got.Timeout != time.Minute || !got.Deadline.Equal(at.Add(time.Hour)) ||
		!got.ExpiresAt.Equal(at.Add(time.Minute)) || got.Retention != time.Second || got.Headers["a"]+got.Headers["b"] != "12" {
		t.Errorf("task %+v", got)
	}
	if err := got.Validate(at.Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	if got := NewTask("mail", nil, Delay(time.Minute)); got.Delay != time.Minute || string(got.Data) != "null" {
		t.Errorf("task %+v", got)
	}
}

func TestNewTask_RawDataStaysAsItIs(t *testing.T) {
	t.Parallel()
	const text = `{ "a" : "<b>&", "n": 12345678901234567890 }`
	if got := NewTask("mail", json.RawMessage(text)); string(got.Data) != text || got.Validate(time.Now()) != nil {
		t.Errorf("task %+v", got)
	}
	if got := NewTask("mail", json.RawMessage(nil)); string(got.Data) != "null" {
		t.Errorf("no data is %q", got.Data)
	}
	var field *FieldError
	if err := NewTask("mail", json.RawMessage("{")).Validate(time.Now()); !errors.As(err, &field) || field.Field != "data" {
		t.Errorf("what is no JSON: %v", err)
	}
}

func TestNewTask_DataThatIsNoJSONIsReportedByValidate(t *testing.T) {
	t.Parallel()
	err := NewTask("mail", func() {}).Validate(time.Now())
	var field *FieldError
	if !errors.As(err, &field) || field.Field != "data" || !strings.Contains(err.Error(), "cannot be written as JSON") {
		t.Errorf("%v", err)
	}
}

func TestSetDefaults_FillsWhatIsZeroAndNothingElse(t *testing.T) {
	t.Parallel()
	var bare Task
	bare.SetDefaults()
	if bare.Queue != "default" || bare.Attempt != 1 || bare.MaxAttempts != 10 || bare.Timeout != 30*time.Minute ||
		bare.Retention != time.Hour || string(bare.Data) != "null" || bare.ID != "" || !bare.EnqueuedAt.IsZero() {
		t.Errorf("task %+v", bare)
	}
	full := Task{Queue: "q", Attempt: 2, MaxAttempts: 3, Timeout: 4, Retention: 5, Data: []byte("6")}
	full.SetDefaults()
	if full.Queue != "q" || full.Attempt != 2 || full.MaxAttempts != 3 || full.Timeout != 4 || full.Retention != 5 || string(full.Data) != "6" {
		t.Errorf("task %+v", full)
	}
}
