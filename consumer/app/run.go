package app

import (
	"fmt"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/conffile"
	"github.com/zeroq-dev/zeroq/internal/heap"
	"github.com/zeroq-dev/zeroq/internal/signals"
)

// Run runs a consumer with the configuration of a file until the process is told to stop.
func Run(configFile string) error {
	redisq.LogClient()
	heap.Grow()
	var conf Conf
	if err := conffile.Load(configFile, &conf); err != nil {
		return err
	}
	conf.SetShutdown()
	signals.Hold(conf.Shutdown.WaitTime)
	if err := conf.SetUp(); err != nil {
		return err
	}
	consumer, err := New(conf)
	if err != nil {
		return err
	}
	group := service.NewServiceGroup()
	defer group.Stop()
	consumer.AddTo(group)
	fmt.Printf("zeroq consumer is up; its health is at http://%s/readyz\n", consumer.HealthAddr())
	group.Start()
	return consumer.Close()
}
