package bridge

import (
	"strings"
	"testing"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/logx/logtest"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// The log is one for the process.
func TestReport_TellsOfAMessageAndNotWhatItSays(t *testing.T) {
	logx.SetLevel(logx.ErrorLevel)
	t.Cleanup(logx.Disable)
	log := logtest.NewCollector(t)
	r := newRig(t, inOrder)
	r.server.Send("orders.v1", broker.Message{ID: "orders.v1.0.7", Body: []byte(`{"secret":1,"secret":2}`)})
	from, err := r.server.Open().Tap(t.Context(), "orders.v1", "g", hold)
	if err != nil {
		t.Fatal(err)
	}
	c := crossing{bridge: &r.bridge, from: from, log: newReport("bridge")}
	c.receive()
	if len(c.kept) != 1 || c.kept[0].task.Type != broker.UnreadableType {
		t.Fatalf("%+v", c.kept)
	}
	if said := log.Content(); !strings.Contains(said, "unreadable:events:orders.v1:0.7") || strings.Contains(said, "secret") {
		t.Errorf("the log says %s", said)
	}
}
