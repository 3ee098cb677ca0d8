// Package config is the configuration of the stock consumer.
package config

import (
	"fmt"
	"time"

	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq/consumer/internal/tasks"
	"github.com/zeroq-dev/zeroq/worker"
)

// Config is the configuration of the consumer.
type Config struct {
	// ServiceConf has Name, Log, Mode, Telemetry, DevServer and Shutdown.
	service.ServiceConf
	// Health is where the consumer tells whether it is alive and ready.
	Health Health
	// Worker is what it takes from where.
	Worker worker.Conf
	// Tasks are the settings of its handlers.
	Tasks tasks.Conf
}

// Health is the address of /healthz and /readyz.
type Health struct {
	// Host and Port are where to listen. Port 0 takes any free one.
	Host string `json:",default=127.0.0.1"`
	Port int    `json:",default=8889"`
}

// Validate is called when a file was loaded, which has set the defaults: what is zero still is so in
// the file. It reports the first setting that cannot work, by its key.
func (c Config) Validate() error {
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"Worker.Lease", c.Worker.Lease},
		{"Worker.Drain", c.Worker.Drain},
		{"Worker.DeadFor", c.Worker.DeadFor},
		{"Tasks.HTTP.Timeout", c.Tasks.HTTP.Timeout},
	} {
		if d.value == 0 {
			return fmt.Errorf("%s: 0s is too short", d.key)
		}
	}
	for i, b := range c.Worker.Bridges {
		switch {
		case b.Timeout == 0:
			return fmt.Errorf("Worker.Bridges[%d].Timeout: 0s is too short", i)
		case b.Retention == 0:
			return fmt.Errorf("Worker.Bridges[%d].Retention: 0s is too short", i)
		}
	}
	for i, p := range c.Worker.Pools {
		for j, q := range p.Queues {
			if q.Retention == 0 {
				return fmt.Errorf("Worker.Pools[%d].Queues[%d].Retention: 0s is too short", i, j)
			}
		}
	}
	return c.Check()
}

// Check is Validate for a configuration made in code, where zero means the default.
func (c Config) Check() error {
	if c.Health.Port < 0 || c.Health.Port > 65535 {
		return fmt.Errorf("Health.Port: %d is not within 0 to 65535", c.Health.Port)
	}
	if err := c.Worker.Validate(); err != nil {
		return fmt.Errorf("Worker.%w", err)
	}
	if err := c.Tasks.Validate(); err != nil {
		return err
	}
	c.SetShutdown()
	return c.Worker.CheckShutdown()
}

// SetShutdown gives the worker the process's Shutdown. One that is not set becomes what the drain
// needs, as go-zero's own default would cut it off.
func (c *Config) SetShutdown() {
	if c.Shutdown == (proc.ShutdownConf{}) {
		c.Shutdown = c.Worker.NeededShutdown()
	}
	c.Worker.Shutdown = c.Shutdown
}

// SetUp sets go-zero up. Without an endpoint no traces are made: go-zero would set a provider all the
// same, whose spans nobody ever sees, and the traces of tasks would have a gap here.
func (c Config) SetUp() error {
	if c.Telemetry.Endpoint == "" {
		c.Telemetry.Disabled = true
	}
	return c.ServiceConf.SetUp()
}
