// Package redistest gives tests real Redis servers. A package that needs Redis hands its tests to
// [Main], which runs a private redis-server for them on a unix socket, so packages never meet and
// there are no ports to fight over:
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }
//
// Each test, parallel or not, then takes an empty database of its own with [New]. Databases do not
// part everything: channels, the script cache, CONFIG and the list of clients are the server's. A
// test that touches those, or that kills Redis, owns a server by [StartServer].
//
// Without redis-server on PATH, ZEROQ_TEST_REDIS=host:port names a running one to share. Without
// either the package fails: a test that is skipped proves nothing.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq"
)

// sharedEnv names a running Redis, as host:port, for machines without redis-server.
const sharedEnv = "ZEROQ_TEST_REDIS"

var errNoRedis = errors.New("redis-server not found: `make test` installs it, or set " + sharedEnv + "=host:port")

// source hands out empty databases.
type source interface {
	// take answers with a database that nobody else uses until the test ends.
	take(t testing.TB) zeroq.RedisConf
	close()
}

// databases is where New takes from. Main sets it before the first test runs.
var databases source

// Main runs the tests of a package with Redis at hand, checks that they left no goroutine behind
// (leaks says what to overlook), and returns the exit code. Call it from TestMain.
func Main(m goleak.TestingM, leaks ...goleak.Option) int {
	return run(m, os.Stderr, leaks...)
}

func run(m goleak.TestingM, out io.Writer, leaks ...goleak.Option) int {
	src, err := open()
	if err != nil {
		fmt.Fprintln(out, "redistest:", err)
		return 1
	}
	databases = src
	code := m.Run()
	src.close()
	if code != 0 {
		// A failed test leaves goroutines as a matter of course: its own message matters more.
		return code
	}
	if err := goleak.Find(append(leaks, dialling)...); err != nil {
		fmt.Fprintln(out, "redistest: goroutines left by the tests:", err)
		return 1
	}
	return 0
}

// open starts a private redis-server, or turns to the shared one.
func open() (source, error) {
	if _, err := exec.LookPath("redis-server"); err == nil {
		return openPrivate()
	}
	if addr := os.Getenv(sharedEnv); addr != "" {
		return openShared(addr)
	}
	return nil, errNoRedis
}

// New takes an empty database for the test: how to reach it, and a client of it that is closed when
// the test ends.
func New(t testing.TB) (zeroq.RedisConf, *redis.Client) {
	t.Helper()
	if databases == nil {
		t.Fatal("redistest: TestMain of this package does not call redistest.Main")
	}
	conf := databases.take(t)
	return conf, NewClient(t, conf)
}

// Mini runs miniredis, a Redis in this process, for the test.
func Mini(t testing.TB) zeroq.RedisConf {
	t.Helper()
	return zeroq.RedisConf{Addrs: []string{miniredis.RunT(t).Addr()}}
}

// NewClient makes a client of a single server that is closed when the test ends. It never retries:
// a test sees each error that Redis gives.
func NewClient(t testing.TB, conf zeroq.RedisConf) *redis.Client {
	c := dial(conf.Addrs[0], conf.DB)
	t.Cleanup(func() { c.Close() })
	return c
}

func dial(addr string, db int) *redis.Client {
	return redis.NewClient(&redis.Options{
		Network: network(addr), Addr: addr, DB: db, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// flush empties a database. It is done before use: who used it last may have been killed.
func flush(addr string, db int) error {
	c := dial(addr, db)
	defer c.Close()
	return c.FlushDB(context.Background()).Err()
}

func network(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}
