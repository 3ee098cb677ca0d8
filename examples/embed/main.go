// Command embed is a go-zero service of one's own with zeroq inside: POST /orders enqueues a task,
// and a worker in the same process works on it. To scale out, start it more than once.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/service"
	"github.com/zeromicro/go-zero/rest"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/producer"
	"github.com/zeroq-dev/zeroq/worker"
)

var configFile = flag.String("f", "examples/embed/etc/embed.yaml", "the config file")

// Config is that of an ordinary go-zero service, and the worker's.
type Config struct {
	rest.RestConf
	Worker worker.Conf
}

func main() {
	flag.Parse()
	var c Config
	conf.MustLoad(*configFile, &c)
	if err := run(c); err != nil {
		log.Fatal(err)
	}
}

// run serves until the process is told to stop, and returns once the worker has drained.
func run(c Config) error {
	p, err := producer.New(producer.Conf{Redis: c.Worker.Redis})
	if err != nil {
		return err
	}
	defer p.Close()

	orders := newOrders(p)
	mux := zeroq.NewMux()
	mux.Handle(confirmType, zeroq.HandlerOf(orders.confirm))
	c.Worker.Shutdown = c.Shutdown // worker.New logs an error if it is too short for the drain
	w, err := worker.New(c.Worker, mux)
	if err != nil {
		return err
	}

	server, err := rest.NewServer(c.RestConf)
	if err != nil {
		w.Stop()
		return err
	}
	server.AddRoutes([]rest.Route{
		{Method: http.MethodPost, Path: "/orders", Handler: orders.post},
		{Method: http.MethodGet, Path: "/orders/:id", Handler: orders.get},
	})

	group := service.NewServiceGroup()
	defer group.Stop()
	group.Add(server)
	w.AddTo(group)
	group.Start()
	return nil
}
