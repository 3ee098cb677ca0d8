package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/conf"

	"github.com/zeroq-dev/zeroq"
	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/zeroqtest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZeroServer...)) }

// serve runs the API on a Redis of its own, and returns that and its address.
func serve(t *testing.T) (zeroq.RedisConf, string) {
	t.Helper()
	var c api.Conf
	if err := conf.LoadFromYamlBytes([]byte("Name: api\nPort: 0\nLog: {Level: severe, Stat: false}"), &c); err != nil {
		t.Fatal(err)
	}
	c.Redis, _ = redistest.New(t)
	a, err := api.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Start()
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		a.Stop()
		<-ended
	})
	return c.Redis, "http://" + a.Addr().String()
}

func TestRun(t *testing.T) {
	redis, url := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out strings.Builder
	if err := run(ctx, &out, redis, url, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for what, want := range map[string]int{
		"is enqueued": 1, "is under way already": 1, "comes next at 02:30:00": 1, `succeeded {"pages":5,"of":5}`: 2,
	} {
		if got := strings.Count(text, what); got != want {
			t.Errorf("%q is there %d times:\n%s", what, got, text)
		}
	}
	if !strings.Contains(text, `leased {"pages":`) {
		t.Errorf("no progress:\n%s", text)
	}
}

func TestBuild_StopsWhenItIsCancelled(t *testing.T) {
	got := zeroqtest.Run(t, build(time.Hour), zeroq.NewTask(reportType, report{"x"}), zeroqtest.Interrupted(zeroq.ErrCancelled))
	if got.State != zeroq.Cancelled {
		t.Errorf("it is %s: %v", got.State, got.Err)
	}
}
