package e2e

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/prometheus"
	"github.com/zeromicro/go-zero/rest"
	"github.com/zeromicro/go-zero/rest/httpx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/internal/taskid"
)

// BenchmarkPost measures POST /v1/tasks with 192 bytes of data over 64 connections that are kept, beside a route of
// go-zero that parses the same body and does nothing. The requests come from another process.
//
//	go-zero   that route, with the middlewares, the http.Server and the metrics that the API has
//	http      the API on an enqueuer that answers at once: what HTTP costs
//	redis     the API on Redis
func BenchmarkPost(b *testing.B) {
	prometheus.Enable() // which the DevServer of a deployed API does
	request := postOf("/v1/tasks", taskBody(192))
	b.Run("go-zero", func(b *testing.B) {
		conf := confOf(zeroq.RedisConf{}).Rest()
		conf.Middlewares.Timeout = false // POST /v1/tasks has none either
		postLoad(b, serveBare(b, conf), request)
	})
	b.Run("http", func(b *testing.B) {
		api, err := app.New(confOf(zeroq.RedisConf{Addrs: []string{"127.0.0.1:1"}}), app.Deps{Enqueuer: atOnce{}})
		if err != nil {
			b.Fatal(err)
		}
		postLoad(b, serve(b, api), request)
	})
	b.Run("redis", func(b *testing.B) {
		redis, _ := redistest.New(b)
		api, err := app.Open(confOf(redis))
		if err != nil {
			b.Fatal(err)
		}
		postLoad(b, serve(b, api), request)
	})
}

func confOf(redis zeroq.RedisConf) app.Conf {
	conf := app.DefaultConf()
	conf.Log = logx.LogConf{Mode: "console", Level: "severe"}
	conf.Port, conf.Redis = 0, redis
	return conf
}

func serve(b *testing.B, api *app.App) (addr string) {
	b.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		api.Start()
	}()
	b.Cleanup(func() {
		api.Stop()
		<-done
	})
	return api.Addr().String()
}

// atOnce takes every task and keeps none.
type atOnce struct{}

func (atOnce) Enqueue(_ context.Context, tasks ...*zeroq.Task) error {
	for _, task := range tasks {
		task.ID, task.EnqueuedAt = taskid.New(task.Queue, 0, 1), time.Now()
	}
	return nil
}

// bareTask and bareAccepted are what goctl makes for such a route.
type bareTask struct {
	Type  string                 `json:"type"`
	Queue string                 `json:"queue,optional"`
	Data  map[string]interface{} `json:"data,optional"`
}

type bareAccepted struct {
	ID    string `json:"id"`
	Queue string `json:"queue"`
	State string `json:"state"`
}

// serveBare runs the route that does nothing, behind the kind of server that the API has.
func serveBare(b *testing.B, conf rest.RestConf) (addr string) {
	b.Helper()
	server, err := rest.NewServer(conf)
	if err != nil {
		b.Fatal(err)
	}
	server.AddRoute(rest.Route{Method: http.MethodPost, Path: "/v1/tasks", Handler: func(w http.ResponseWriter, r *http.Request) {
		var task bareTask
		if err := httpx.Parse(r, &task); err != nil {
			httpx.ErrorCtx(r.Context(), w, err)
			return
		}
		answer := bareAccepted{ID: taskid.New(task.Queue, 0, 1), Queue: task.Queue, State: "ready"}
		httpx.WriteJsonCtx(r.Context(), w, http.StatusAccepted, answer)
	}})
	routes, err := rest.NewServerless(server)
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	h := &http.Server{
		Handler: http.HandlerFunc(routes.Serve), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 90 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Serve(listener)
	}()
	b.Cleanup(func() {
		_ = h.Close()
		<-done
	})
	return listener.Addr().String()
}
