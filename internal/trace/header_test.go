package trace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/trace"
)

func TestIncoming_RequestCarriesItsCallersTrace(t *testing.T) {
	t.Parallel()
	got := ""
	h := trace.Incoming(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = traceOf(r.Context()) }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got != traceOf(context.Background()) {
		t.Errorf("trace %s out of nothing", got)
	}
	r.Header.Set("Traceparent", traceparent)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got != traceID {
		t.Errorf("trace %s", got)
	}
}

func TestOutgoing_TakesTheTraceUnlessThereIsOne(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	trace.Outgoing(t.Context(), header)
	if len(header) != 0 {
		t.Errorf("%v out of nothing", header)
	}
	trace.Outgoing(within(t, "vendor=1", "user=7"), header)
	if header.Get("traceparent") != traceparent || header.Get("tracestate") != "vendor=1" || header.Get("baggage") != "user=7" {
		t.Errorf("%v", header)
	}
	mine := http.Header{"Traceparent": {"mine"}}
	trace.Outgoing(within(t, "vendor=1", ""), mine)
	if mine.Get("traceparent") != "mine" || len(mine) != 1 {
		t.Errorf("%v", mine)
	}
}
