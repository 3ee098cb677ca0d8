package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"

	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	consumer "github.com/zeroq-dev/zeroq/consumer/app"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/worker"
)

// errStoreGone is why the command ends when its Redis does.
var errStoreGone = errors.New("its Redis has ended")

// errAtOnce is why the command ends without a drain.
var errAtOnce error = &session.Exit{Code: session.CodeInterrupted}

// run runs everything until ctx ends or a signal comes, then stops it in order: API and consumer
// drain while their Redis is still there, unless a second Ctrl-C ends that.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	// As long as somebody else listens too, go-zero's own reaction to signals does not kill the
	// process: neither at a second one, nor when it loses patience with the drain.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	proc.SetTimeToForceQuit(patience) // or else its kill would be taken for a further Ctrl-C
	redisq.LogClient()
	store, err := openStore(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.close()) }()

	if err := store.wait(ctx, out); err != nil || ctx.Err() != nil {
		return err
	}

	console := newConsole(out)
	services, err := build(o, store, console)
	if err != nil {
		console.close()
		return err
	}
	welcome(out, services.api.Addr().String(), store)
	err = services.run(ctx, store, console)
	if errors.Is(err, errAtOnce) { // the handlers still use what would be closed
		return err
	}
	err = errors.Join(err, services.close())
	console.close()
	return err
}

// drain is how long running tasks may go on when the command is to end.
const drain = 20 * time.Second

// patience is when go-zero kills the process: long after it has ended.
const patience = time.Hour

// services are what runs in this process.
type services struct {
	api      *api.App
	consumer *consumer.App
}

func build(o options, s *store, console *console) (*services, error) {
	if err := logx.SetUp(quiet); err != nil {
		return nil, err
	}
	consumerConf, err := consumerConf(o, s)
	if err != nil {
		return nil, err
	}
	c, err := consumer.New(consumerConf, worker.Observe(console.show))
	if err != nil {
		return nil, err
	}
	a, err := api.Open(apiConf(o, s))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &services{api: a, consumer: c}, nil
}

// quiet is a log of errors only, as tasks have their own lines.
var quiet = logx.LogConf{Mode: "console", Encoding: "plain", Level: "error"}

func apiConf(o options, s *store) api.Conf {
	c := api.DefaultConf()
	c.Redis, c.Host, c.Port = s.conf, o.host, o.port
	c.Log = quiet
	return c
}

func consumerConf(o options, s *store) (c consumer.Conf, err error) {
	err = conf.LoadFromYamlBytes([]byte("Name: zeroq-consumer"), &c)
	if err != nil {
		return c, err
	}
	if o.images == "" {
		o.images = filepath.Join(o.data, "images")
	}
	if err := os.MkdirAll(o.images, 0o755); err != nil {
		return c, err
	}
	c.Health.Port = 0
	c.Worker.Redis, c.Worker.Drain = s.conf, drain
	c.Worker.Pools = []worker.PoolConf{{Concurrency: o.concurrency}}
	c.Tasks.Trial = true
	c.Tasks.Thumbnail.Folder = o.images
	c.Tasks.HTTP.AllowNetworks = o.allow
	return c, nil
}

// run runs the services until ctx ends, and returns once they have drained, or at a further Ctrl-C.
func (s *services) run(ctx context.Context, store *store, console *console) error {
	group := service.NewServiceGroup()
	group.Add(s.api)
	s.consumer.AddTo(group)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Start()
	}()
	var err error
	select {
	case <-ctx.Done():
		if n := s.consumer.Running(); n > 0 {
			console.say(waiting(n))
		}
	case <-store.gone:
		err = fmt.Errorf("%w: %s", errStoreGone, store.lastWords())
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt)
	defer signal.Stop(again)
	go group.Stop()
	select {
	case <-ended:
		group.Stop() // returns once it has ended too
		return err
	case <-again:
		return errAtOnce
	}
}

func (s *services) close() error {
	s.api.Stop()
	return s.consumer.Close()
}
