//go:build linux

package rig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Carrier is the broker that takes a run's ready tasks to its workers, in the place of Redis lists, and what
// happens to it.
type Carrier struct {
	// Conf says how to reach it past all proxies.
	Conf zeroq.BrokerConf

	server *Server
	look   broker.Carrier
	log    *ledger.Log
	down   ledger.Time // when it was killed last
}

// Line is one process's way to the broker, which can be cut.
type Line interface {
	Addr() string
	Reset()
	BlackHole()
	Pass()
	Close() error
}

// Carry has a server carry the ready tasks of the run, under names of its own. It is called before any process
// is started.
func (r *Rig) Carry(s *Server) error {
	conf := s.conf()
	look, err := carriers.Dial(conf)
	if err != nil {
		return err
	}
	r.Carrier = &Carrier{Conf: conf, server: s, look: look, log: r.log}
	return nil
}

// carried tells whether producers see that the broker carries the tasks. It is so once a worker is up.
func (r *Rig) carried(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return poll(ctx, func() (bool, error) {
		return r.Redis.Client().HExists(ctx, key(r.Queue, "gate"), "carrier").Result()
	})
}

// Kill ends the server by kill -9 until [Carrier.Restart].
func (c *Carrier) Kill() {
	c.down = ledger.Now()
	c.server.machine.Kill()
}

// Restart brings a killed server back with its data, and returns once it answers.
func (c *Carrier) Restart() error {
	if err := c.server.start(); err != nil {
		return err
	}
	c.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.CarrierKill, At: c.down, Until: ledger.Now()})
	return nil
}

// lookFor bounds one look at the broker.
const lookFor = 5 * time.Second

// busy tells what the broker holds that nobody has let go of; "" is nothing.
func (c *Carrier) busy(ctx context.Context, queue string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	least, most, err := c.look.Depth(ctx, queue)
	if c.Conf.RabbitMQ != nil { // it does not tell what workers have and what they have let go of
		most = least
	}
	if err != nil || most == 0 {
		return "", err
	}
	return fmt.Sprintf("%d messages at %s", most, c.server.Kind), nil
}

// hides is how long a message may be with a worker, and in no count. RabbitMQ does not tell of what it has sent to a
// worker, which fetches it within two seconds after the broker was away.
func (c *Carrier) hides() time.Duration {
	if c == nil || c.Conf.RabbitMQ == nil {
		return 0
	}
	return 3 * time.Second
}

// CutLine notes that something was wrong with its way to the broker while f ran.
func (p *Process) CutLine(what ledger.Code, f func(Line)) error {
	if p.Line == nil {
		return errors.New("no broker carries the tasks")
	}
	p.Cut(what, func() { f(p.Line) })
	return nil
}
