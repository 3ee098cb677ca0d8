package app

import (
	"fmt"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/conffile"
	"github.com/zeroq-dev/zeroq/internal/heap"
	"github.com/zeroq-dev/zeroq/internal/signals"
)

// Run runs the API with the configuration of a file until the process is told to stop.
func Run(configFile string) error {
	redisq.LogClient()
	heap.Grow()
	var conf Conf
	if err := conffile.Load(configFile, &conf); err != nil {
		return err
	}
	signals.Hold(conf.Shutdown.WaitTime)
	api, err := Open(conf)
	if err != nil {
		return err
	}
	group := service.NewServiceGroup()
	defer group.Stop()
	group.Add(api)
	fmt.Printf("zeroq api listens on %s\n", api.Addr())
	group.Start()
	return nil
}
