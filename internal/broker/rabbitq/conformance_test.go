package rabbitq

import (
	"context"
	"sync"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/broker/carriertest"
	"github.com/zeroq-dev/zeroq/internal/rabbittest"
)

func TestConformance_Quorum(t *testing.T) { conformance(t, "quorum") }

func TestConformance_Classic(t *testing.T) { conformance(t, "classic") }

// conformance has each carrier reach the server by a way of its own, which can be cut: to the carrier, that
// is a server that went away, and to the server a process that died.
func conformance(t *testing.T, kind string) {
	carriertest.Run(t, func(t testing.TB) carriertest.Rig {
		conf := rabbittest.New(t)
		conf.Type = kind
		server, foreign := conf.Addrs[0], conf.Queue+".foreign"
		channel := raw(t, conf)
		_, err := channel.QueueDeclare(foreign, true, false, false, false, nil)
		must(t, err)
		ways := &ways{t: t, server: server, proxies: map[broker.Carrier]*proxy{}}
		return carriertest.Rig{
			Carrier: ways.open(conf),
			Second:  func() broker.Carrier { return ways.open(conf) },
			Kill:    func(c broker.Carrier) { ways.of(c).stop() },
			Away: func() broker.Carrier {
				away := conf
				away.Addrs = []string{unused(t)}
				return opened(t, away)
			},
			Source: foreign,
			Send: func(messages ...broker.Message) {
				for _, m := range messages {
					must(t, channel.PublishWithContext(context.Background(), "", foreign, true, false, publishing(m)))
				}
			},
			TooLarge: rabbittest.MaxMessage + 1,
			Stop:     func() { ways.each((*proxy).stop) },
			Start:    func() { ways.each((*proxy).start) },
		}
	})
}

// ways are the ways to the server of the carriers of a test.
type ways struct {
	t       testing.TB
	server  string
	mu      sync.Mutex
	stopped bool
	proxies map[broker.Carrier]*proxy
}

func (w *ways) open(conf zeroq.RabbitMQConf) broker.Carrier {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := newProxy(w.t, w.server)
	conf.Addrs = []string{p.addr}
	c := opened(w.t, conf)
	w.proxies[c] = p
	if w.stopped {
		p.stop()
	}
	return c
}

func opened(t testing.TB, conf zeroq.RabbitMQConf) *Carrier {
	t.Helper()
	c, err := Open(conf)
	must(t, err)
	c.topology.registration = 0 // no server is killed
	return c
}

func (w *ways) of(c broker.Carrier) *proxy {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.proxies[c]
}

func (w *ways) each(do func(*proxy)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = !w.stopped
	for _, p := range w.proxies {
		do(p)
	}
}
