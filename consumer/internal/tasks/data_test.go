package tasks

import (
	"encoding/json"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func TestDecode_RefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		``:                   "data of some.type: EOF",
		`{`:                  "data of some.type: unexpected EOF",
		`{"for":1}`:          "cannot unmarshal number",
		`[]`:                 "cannot unmarshal array",
		`{"four":"1s"}`:      `unknown field "four"`,
		`{"for":"1s"} {}`:    "more than one JSON value",
		`{"for":"1s"} extra`: "more than one JSON value",
	} {
		err := decode(&zeroq.Task{Type: "some.type", Data: json.RawMessage(data)}, new(sleepData))
		mustBePermanent(t, err, want)
	}
}

func TestDecode_AcceptsSpaceAround(t *testing.T) {
	t.Parallel()
	var data sleepData
	mustSucceed(t, decode(&zeroq.Task{Data: json.RawMessage(" {\"for\":\"1s\"}\n")}, &data))
	if data.For != "1s" {
		t.Errorf("got %+v", data)
	}
}
