package tasks

import (
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func TestEcho_ResultIsTheData(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`null`, `[]`, `"text"`, `{"a":"<&>","b":" \u003c"}`, `{"n":9007199254740993,"m":12345678901234567890,"f":1.10,"e":1e400}`,
	} {
		result, err := run(t.Context(), zeroq.HandlerFunc(echo), data)
		mustSucceed(t, err)
		if string(result) != data {
			t.Errorf("got %s, want %s", result, data)
		}
	}
}

func TestEcho_SpaceBetweenTokensGoes(t *testing.T) {
	t.Parallel()
	result, err := run(t.Context(), zeroq.HandlerFunc(echo), `{"a" : "< &>"}`)
	mustSucceed(t, err)
	if string(result) != `{"a":"< &>"}` {
		t.Errorf("got %s", result)
	}
}

func TestEcho_DataTooLongForAResultIsPermanent(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), zeroq.HandlerFunc(echo), `"`+strings.Repeat("x", zeroq.MaxResultBytes)+`"`)
	mustBePermanent(t, err, "data of some.type: result: 65538 bytes, the most is 65536")
}
