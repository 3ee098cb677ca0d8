// Package rabbittest gives tests a real RabbitMQ server: one of the test binary alone, so packages never
// meet. It starts with the first test that asks for it, and is ended by what [With] wraps:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(rabbittest.With(m)) }
//
// Starting one takes seconds, and not every machine has it, so tests that need it are skipped unless
// ZEROQ_TEST_RABBITMQ=1 is set, as `make test-brokers` does. With it set and no server found they fail.
package rabbittest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
)

// env has the tests run that need a server.
const env = "ZEROQ_TEST_RABBITMQ"

// MaxMessage is how many bytes a message may have for the server of [New].
const MaxMessage = 4 << 20

// shared is the server that all tests of this binary use that need none of their own.
var shared struct {
	once   sync.Once
	server *rabbitserver.Server
	err    error
}

// With returns m such that its Run ends the server when the tests are over.
func With(m goleak.TestingM) goleak.TestingM { return tests{m} }

type tests struct{ goleak.TestingM }

// Run implements [goleak.TestingM].
func (t tests) Run() int {
	defer func() {
		if s := shared.server; s != nil {
			s.Kill() // nothing in it is worth an orderly end
			_ = s.Remove()
		}
	}()
	return t.TestingM.Run()
}

// New returns how to reach the server, with names of queues that no other test has.
func New(t testing.TB) zeroq.RabbitMQConf {
	t.Helper()
	need(t)
	shared.once.Do(func() { shared.server, shared.err = start(fmt.Sprintf("max_message_size = %d", MaxMessage)) })
	if shared.err != nil {
		t.Fatal("rabbittest: ", shared.err)
	}
	return conf(t, shared.server.Addr)
}

// need skips the test where it is not to have a server.
func need(t testing.TB) {
	t.Helper()
	if os.Getenv(env) != "1" {
		t.Skipf("needs RabbitMQ: `make test-brokers` runs it, or set %s=1", env)
	}
}

func start(settings ...string) (*rabbitserver.Server, error) {
	server, err := rabbitserver.New(settings...)
	if errors.Is(err, rabbitserver.ErrNotFound) {
		return nil, errors.New("rabbitmq-server not found: `make test-brokers` installs it")
	}
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, errors.Join(err, server.Remove())
	}
	return server, nil
}

func conf(t testing.TB, addr string) zeroq.RabbitMQConf {
	name := strings.NewReplacer("/", ".", "{", "", "}", "").Replace(t.Name())
	broker := zeroq.BrokerConf{Name: "rabbitmq", RabbitMQ: &zeroq.RabbitMQConf{
		Addrs: []string{addr}, Queue: name + "." + rand.Text()[:8] + ".{queue}",
	}}
	broker.SetDefaults()
	return *broker.RabbitMQ
}
