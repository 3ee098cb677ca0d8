package wire_test

import (
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/wire"
)

func TestHeadID(t *testing.T) {
	long := strings.Repeat("a", 128)
	for message, want := range map[string]string{
		`{"id":"q~0~0000000001","enqueued_at":"2030-01-02T12:00:00.000Z","type":"a"}`: "q~0~0000000001",
		`{"id":"A.b_c:d-9","enqueued_at":""`:                                          "A.b_c:d-9",
		`{"id":"` + long + `","enqueued_at":"`:                                        long,
		`{"id":"","enqueued_at":"`:                                                    "",
		`{"id":"a b","enqueued_at":"`:                                                 "",
		`{"id":"a\"b","enqueued_at":"`:                                                "",
		`{"id":"a", "enqueued_at":"`:                                                  "",
		`{"id":"a","type":"a"}`:                                                       "",
		`{ "id":"a","enqueued_at":"`:                                                  "",
		`{"id":"a`:                                                                    "",
		"":                                                                            "",
	} {
		if got := wire.HeadID([]byte(message)); got != want {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}
