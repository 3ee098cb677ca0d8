package zeroqtest

import (
	"context"
	"encoding/json"
)

// TB is what this package needs of a test: any testing.TB, such as *testing.T.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

// Decode reads JSON, such as the data of a task or its result, into a T. The test fails if it is no T.
func Decode[T any](t TB, raw json.RawMessage) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatalf("zeroqtest: %s is no %T: %v", raw, value, err)
	}
	return value
}
