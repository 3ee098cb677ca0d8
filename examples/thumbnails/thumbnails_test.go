package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/service"

	api "github.com/zeroq-dev/zeroq/api/app"
	consumer "github.com/zeroq-dev/zeroq/consumer/app"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZeroServer...)) }

// serve runs the API and the stock consumer on a Redis of their own, and returns the API's address.
func serve(t *testing.T, images string) string {
	t.Helper()
	redis, _ := redistest.New(t)
	var apiConf api.Conf
	var consumerConf consumer.Conf
	if err := conf.LoadFromYamlBytes([]byte("Name: api\nPort: 0\nLog: {Level: severe, Stat: false}"), &apiConf); err != nil {
		t.Fatal(err)
	}
	if err := conf.LoadFromYamlBytes([]byte("Name: consumer\nHealth: {Port: 0}\nShutdown: {WaitTime: 1m}"), &consumerConf); err != nil {
		t.Fatal(err)
	}
	apiConf.Redis, consumerConf.Worker.Redis = redis, redis
	consumerConf.Tasks.Thumbnail.Folder = images
	a, err := api.Open(apiConf)
	if err != nil {
		t.Fatal(err)
	}
	c, err := consumer.New(consumerConf)
	if err != nil {
		t.Fatal(err)
	}
	group := service.NewServiceGroup()
	group.Add(a)
	c.AddTo(group)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Start()
	}()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		group.Stop()
		<-ended
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + a.Addr().String()
}

func TestRun(t *testing.T) {
	images := t.TempDir()
	s := shoot{url: serve(t, images), folder: images, count: 60}
	summary, err := s.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(summary, "60 tasks of ") {
		t.Error(summary)
	}
	t.Log(summary)
}

// A folder that the consumer does not work in has no sources, and the program says so.
func TestRun_WrongFolder(t *testing.T) {
	s := shoot{url: serve(t, t.TempDir()), folder: t.TempDir(), count: 3}
	if _, err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), "is dead: ") {
		t.Errorf("got %v", err)
	}
}

func TestFits(t *testing.T) {
	if err := fits(filepath.Join(t.TempDir(), "none.jpg")); err == nil {
		t.Error("a file that is not there fits")
	}
}
