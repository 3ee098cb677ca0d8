package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	if err := probe(server.URL); err != nil {
		t.Errorf("a healthy server: %v", err)
	}
	status = http.StatusServiceUnavailable
	if probe(server.URL) == nil {
		t.Error("a server that is not ready is healthy")
	}
	server.Close()
	if probe(server.URL) == nil {
		t.Error("a server that is gone is healthy")
	}
}
