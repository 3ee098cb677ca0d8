package request_test

import (
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/request"
)

func deep(levels int, inside string) string {
	return strings.Repeat(`[{"a\"]}":`, levels/2) + inside + strings.Repeat(`}]`, levels/2)
}

// Tasks that are too deep are items like any other, byte for byte.
func TestTasks_Deep(t *testing.T) {
	for _, item := range []string{
		deep(990, `1`), deep(1000, `1`), deep(1010, `"\\"`), deep(20_000, `"]}\""`), strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		`{"data":` + deep(20_000, ` {"b" : "x"} `) + `,"type":"a"}`,
	} {
		body := `{"tasks":[ {"type":"a"} ,` + item + ` , {"type":"[[["} ]}`
		tasks, err := request.Tasks([]byte(body))
		if err != nil || len(tasks) != 3 || string(tasks[1]) != item || string(tasks[2]) != `{"type":"[[["}` {
			t.Errorf("%.40s: %d tasks, %v", item, len(tasks), err)
		}
	}
}

// Depth hides nothing that is no JSON around it.
func TestTasks_DeepAndBroken(t *testing.T) {
	open, shut := strings.Repeat("[", 20_000), strings.Repeat("]", 20_000)
	for _, items := range []string{
		open, open + shut[1:], open + shut + "]", open + strings.Repeat("}", 20_000), open + `}` + shut[1:], open + `{]` + shut, open + `"` + shut,
		open + `"\` + shut, open + shut + `,`, open + shut + ` 1`, open + shut + `,nope`, `nope,` + open + shut, open + `]]` + shut[2:] + `}`,
	} {
		_, err := request.Tasks([]byte(`{"tasks":[` + items + `]}`))
		if err == nil {
			t.Errorf("%.10s…%s was taken", items, items[max(0, len(items)-10):])
			continue
		}
		if p, _ := problem.Of(err); p.Status != 400 || p.Code != problem.InvalidJSON {
			t.Errorf("%v became %+v", err, p)
		}
	}
}
