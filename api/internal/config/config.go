// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

// Package config is the configuration of the API.
package config

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zeromicro/go-zero/core/proc"
	"github.com/zeromicro/go-zero/core/service"
	"github.com/zeromicro/go-zero/rest"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/edge"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
)

// Config is the configuration of the API. Of go-zero's middlewares the ones that are not in
// Middlewares are decided here: Recover and Timeout are on; Log is off as it writes headers and
// bodies of failed requests; MaxBytes and Gunzip are off as the API bounds bodies itself, also those
// without a length; Trace is on when Telemetry has an endpoint.
type Config struct {
	// ServiceConf has Name, Log, Mode, Telemetry, DevServer and Shutdown.
	service.ServiceConf
	// Host and Port are where the API listens. Port 0 takes any free one.
	Host string `json:",default=127.0.0.1"`
	Port int    `json:",default=8888"`
	// CertFile and KeyFile are PEM files that turn TLS on.
	CertFile string `json:",optional"`
	KeyFile  string `json:",optional"`
	// Timeout bounds how long a request may wait for the broker, and how long a request with no body
	// may take. A request with ?wait= may take that much longer.
	Timeout time.Duration `json:",default=3s"`
	// DrainTimeout is how long requests that have begun may go on when the process is told to stop.
	// With Shutdown.WrapUpTime it must fit into Shutdown.WaitTime, when go-zero kills the process.
	DrainTimeout time.Duration `json:",default=4s"`
	// MaxConns is the most requests to one route at the same time. 0: no limit.
	MaxConns int `json:",default=10000"`
	// CpuThreshold is the CPU load, in thousandths, from which on Middlewares.Shedding refuses requests.
	CpuThreshold int64 `json:",default=900"`
	// Middlewares switches parts of go-zero.
	Middlewares Middlewares
	// Queues are the queues that tasks may be put on. Empty: all.
	Queues []string `json:",optional"`
	// TrustedOrigins are origins, such as https://ops.example.com, whose pages may send POSTs.
	TrustedOrigins []string `json:",optional"`
	// TrustedHosts are names or IP addresses, without port, that requests may be sent to besides those
	// of the loopback; all others get 403. Empty: on a loopback address there are no others, on any
	// other address every name will do.
	TrustedHosts []string `json:",optional"`
	// Redis is the broker.
	Redis zeroq.RedisConf
	// Brokers carry the ready tasks of queues. They are for Relays.
	Brokers []zeroq.BrokerConf `json:",optional"`
	// Relays have the API move ready tasks from Redis to their brokers, as the workers of their queues do, so
	// that they do not pile up in Redis while no worker runs. Default: none.
	Relays []Relay `json:",optional"`
}

// Relay names the broker of a queue.
type Relay struct {
	// Queue is the queue.
	Queue string
	// Broker is the one of Brokers that the workers of the queue name.
	Broker string
}

// Middlewares switches go-zero's middlewares.
type Middlewares struct {
	// Prometheus measures requests by route.
	Prometheus bool `json:",default=true"`
	// MaxConns applies Config.MaxConns.
	MaxConns bool `json:",default=true"`
	// Shedding applies Config.CpuThreshold. It is off, as the CPU may be busy with other things than
	// this API, and a client that waits some milliseconds is better off than one that is refused.
	Shedding bool `json:",default=false"`
	// Breaker refuses requests to a route that answered with many errors. It goes on for a while
	// after the broker is back.
	Breaker bool `json:",default=false"`
	// Metrics writes a line of statistics to the log each minute.
	Metrics bool `json:",default=false"`
}

// Validate reports the first setting that cannot work, by its key.
func (c Config) Validate() error {
	switch {
	case c.Port < 0 || c.Port > 65535:
		return fmt.Errorf("Port: %d is not within 0 to 65535", c.Port)
	case (c.CertFile == "") != (c.KeyFile == ""):
		return errors.New("CertFile: needs KeyFile, and the other way round")
	case c.Timeout < 100*time.Millisecond || c.Timeout > time.Minute:
		return fmt.Errorf("Timeout: %v is not within 100ms to 1m", c.Timeout)
	case c.MaxConns < 0:
		return fmt.Errorf("MaxConns: %d is negative", c.MaxConns)
	case c.CpuThreshold < 0 || c.CpuThreshold >= 1000:
		return fmt.Errorf("CpuThreshold: %d is not within 0 to 999", c.CpuThreshold)
	}
	if err := c.validateDrain(); err != nil {
		return err
	}
	if err := c.validateQueues(); err != nil {
		return err
	}
	if err := c.validateOrigins(); err != nil {
		return err
	}
	if err := c.validateHosts(); err != nil {
		return err
	}
	if err := c.validateRelays(); err != nil {
		return err
	}
	return c.Redis.Validate()
}

// validateDrain compares with what go-zero takes for times that are not set.
func (c Config) validateDrain() error {
	wrapUp, wait := c.Shutdown.WrapUpTime, c.Shutdown.WaitTime
	if c.Shutdown == (proc.ShutdownConf{}) {
		wrapUp, wait = time.Second, 5500*time.Millisecond
	}
	switch {
	case c.DrainTimeout <= 0:
		return fmt.Errorf("DrainTimeout: %v must be positive", c.DrainTimeout)
	case wrapUp+c.DrainTimeout >= wait:
		return fmt.Errorf("DrainTimeout: %v does not fit into Shutdown.WaitTime %v less Shutdown.WrapUpTime %v",
			c.DrainTimeout, wait, wrapUp)
	}
	return nil
}

func (c Config) validateQueues() error {
	for i, name := range c.Queues {
		if err := zeroq.ValidateQueue(name); err != nil {
			return fmt.Errorf("Queues[%d]: %w", i, err)
		}
	}
	return nil
}

func (c Config) validateOrigins() error {
	protection := http.NewCrossOriginProtection()
	for i, origin := range c.TrustedOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("TrustedOrigins[%d]: %w", i, err)
		}
	}
	return nil
}

func (c Config) validateHosts() error {
	for i, host := range c.TrustedHosts {
		if err := edge.CheckHost(host); err != nil {
			return fmt.Errorf("TrustedHosts[%d]: %w", i, err)
		}
	}
	return nil
}

func (c Config) validateRelays() error {
	brokers := carriers.Complete(c.Brokers)
	if err := carriers.Validate(brokers); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for i, r := range c.Relays {
		if err := zeroq.ValidateQueue(r.Queue); err != nil {
			return fmt.Errorf("Relays[%d].Queue: %w", i, err)
		}
		if seen[r.Queue] {
			return fmt.Errorf("Relays[%d].Queue: queue %q stands there twice", i, r.Queue)
		}
		seen[r.Queue] = true
		if _, known := carriers.Named(brokers, r.Broker); !known {
			return fmt.Errorf("Relays[%d].Broker: no broker of Brokers is named %q", i, r.Broker)
		}
	}
	return nil
}

// Rest is the configuration in go-zero's shape.
func (c Config) Rest() rest.RestConf {
	service := c.ServiceConf
	if service.Telemetry.Endpoint == "" {
		// go-zero would set a provider all the same, whose spans nobody ever sees: traces of callers would
		// have a gap here.
		service.Telemetry.Disabled = true
	}
	return rest.RestConf{
		ServiceConf:  service,
		Host:         c.Host,
		Port:         c.Port,
		MaxConns:     c.MaxConns,
		Timeout:      c.Timeout.Milliseconds(),
		CpuThreshold: c.CpuThreshold,
		Middlewares: rest.MiddlewaresConf{
			Trace:      !service.Telemetry.Disabled,
			Prometheus: c.Middlewares.Prometheus,
			MaxConns:   c.Middlewares.MaxConns,
			Breaker:    c.Middlewares.Breaker,
			Shedding:   c.Middlewares.Shedding,
			Timeout:    true,
			Recover:    true,
			Metrics:    c.Middlewares.Metrics,
		},
	}
}
