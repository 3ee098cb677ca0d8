package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/proc"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZeroServer...)) }

// freePort finds a port that is free, as go-zero does not tell which one it took.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// serve runs the service with its own configuration file, on another port and Redis, and returns its
// address.
func serve(t *testing.T) string {
	t.Helper()
	var c Config
	if err := conf.Load("etc/embed.yaml", &c); err != nil {
		t.Fatal(err)
	}
	c.Port, c.Log.Level = freePort(t), "severe"
	c.Worker.Redis, _ = redistest.New(t)
	ended := make(chan error, 1)
	go func() { ended <- run(c) }()
	t.Cleanup(func() {
		proc.Shutdown() // what SIGTERM does
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return fmt.Sprintf("http://127.0.0.1:%d", c.Port)
}

// eventually tries until it works.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	var err error
	deadline := time.After(20 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for err = try(); err != nil; err = try() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

func decode(response *http.Response, want int) (o order, err error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		return o, fmt.Errorf("%s: %s (%w)", response.Status, body, err)
	}
	return o, json.Unmarshal(body, &o)
}

func TestOrders(t *testing.T) {
	url := serve(t)
	var taken order
	eventually(t, func() error { // the server needs a moment to listen
		response, err := http.Post(url+"/orders", "application/json", strings.NewReader(`{"customer":"ann","cents":1250}`))
		if err == nil {
			taken, err = decode(response, http.StatusAccepted)
		}
		return err
	})
	if taken.ID == "" || taken.Status != "taken" {
		t.Fatalf("the order is %+v", taken)
	}
	eventually(t, func() error {
		response, err := http.Get(url + "/orders/" + taken.ID)
		if err != nil {
			return err
		}
		found, err := decode(response, http.StatusOK)
		if err == nil && found.Status != "confirmed" {
			err = fmt.Errorf("the order is %+v", found)
		}
		return err
	})

	refused, err := http.Post(url+"/orders", "application/json", strings.NewReader(`{"customer":"ann","cents":-1}`))
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Body.Close()
	if refused.StatusCode != http.StatusBadRequest {
		t.Errorf("a negative price is answered %s", refused.Status)
	}
}
