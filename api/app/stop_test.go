package app_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/api/app"
)

func newApp(t *testing.T, f *fake, change ...func(*app.Conf)) *app.App {
	t.Helper()
	c := conf()
	for _, f := range change {
		f(&c)
	}
	server, err := app.New(c, f.deps())
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestStop_BeforeStartAndTwice(t *testing.T) {
	server := newApp(t, newFake())
	server.Stop()
	server.Stop()
	server.Start() // returns, as it has been stopped
	if conn, err := net.Dial("tcp", server.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("still listens")
	}
}

func TestStop_LetsRequestsEnd(t *testing.T) {
	f := newFake()
	f.entered, f.release = make(chan struct{}), make(chan struct{})
	a := startWith(t, f, f.deps())
	answers := make(chan reply)
	go func() { answers <- a.post("/v1/tasks", `{"type":"a"}`) }()
	<-f.entered
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		a.app.Stop()
	}()
	for { // until nobody new is let in
		conn, err := net.Dial("tcp", a.app.Addr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case <-stopped:
		t.Error("stopped before the request ended")
	default:
	}
	close(f.release)
	if got := <-answers; got.status != http.StatusAccepted {
		t.Errorf("got %+v", got)
	}
	<-stopped
}

// Who waits for a task is answered when the API stops, not cut off.
func TestStop_EndsWaits(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"x"}`)
	answers := make(chan reply)
	go func() { answers <- a.get("/v1/tasks/x?wait=60s") }()
	<-a.fake.waits
	a.app.Stop()
	if got := <-answers; got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

func TestStop_CutsOffWhatDoesNotEnd(t *testing.T) {
	f := newFake()
	f.entered, f.release = make(chan struct{}), make(chan struct{})
	a := startWith(t, f, f.deps(), func(c *app.Conf) {
		c.DrainTimeout = 20 * time.Millisecond
	})
	failed := make(chan error)
	go func() {
		resp, err := a.http.Post(a.url+"/v1/tasks", "application/json", strings.NewReader(`{"type":"a"}`))
		if err == nil {
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	<-f.entered
	a.app.Stop()
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
}

func TestNew_Mistakes(t *testing.T) {
	taken := newApp(t, newFake())
	defer taken.Stop()
	tests := map[string]struct {
		change func(*app.Conf)
		want   string
	}{
		"taken port":        {func(c *app.Conf) { c.Port = taken.Addr().(*net.TCPAddr).Port }, "address already in use"},
		"port":              {func(c *app.Conf) { c.Port = 65536 }, "Port"},
		"half of TLS":       {func(c *app.Conf) { c.CertFile = "x" }, "CertFile"},
		"no certificate":    {func(c *app.Conf) { c.CertFile, c.KeyFile = "x", "y" }, "CertFile"},
		"timeout":           {func(c *app.Conf) { c.Timeout = time.Hour }, "Timeout"},
		"no timeout":        {func(c *app.Conf) { c.Timeout = 0 }, "Timeout"},
		"connections":       {func(c *app.Conf) { c.MaxConns = -1 }, "MaxConns"},
		"CPU":               {func(c *app.Conf) { c.CpuThreshold = 1000 }, "CpuThreshold"},
		"queue":             {func(c *app.Conf) { c.Queues = []string{"a", "B"} }, "Queues[1]"},
		"host":              {func(c *app.Conf) { c.TrustedHosts = []string{"ops", "ops:80"} }, "TrustedHosts[1]"},
		"host with scheme":  {func(c *app.Conf) { c.TrustedHosts = []string{"http://ops"} }, "TrustedHosts[0]"},
		"host that is none": {func(c *app.Conf) { c.TrustedHosts = []string{""} }, "TrustedHosts[0]"},
		"origin":            {func(c *app.Conf) { c.TrustedOrigins = []string{"ops"} }, "TrustedOrigins[0]"},
		"no drain":          {func(c *app.Conf) { c.DrainTimeout = 0 }, "DrainTimeout"},
		"drain":             {func(c *app.Conf) { c.DrainTimeout = 5 * time.Second }, "DrainTimeout"},
		"drain, shutdown":   {func(c *app.Conf) { c.Shutdown.WaitTime = 3 * time.Second }, "DrainTimeout"},
		"redis":             {func(c *app.Conf) { c.Redis.Addrs = nil }, "Redis.Addrs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := conf()
			test.change(&c)
			if _, err := app.New(c, app.Deps{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestDefaultConf(t *testing.T) {
	c := app.DefaultConf()
	if err := c.Validate(); err != nil || c.Host != "127.0.0.1" || c.Port != 8888 || c.Redis.Addrs[0] != "127.0.0.1:6379" {
		t.Errorf("%+v, %v", c, err)
	}
}
