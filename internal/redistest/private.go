package redistest

import (
	"errors"
	"strconv"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// databaseCount is how many tests of one package can hold a database at the same time.
const databaseCount = 512

// private is a redis-server of this test binary alone.
type private struct {
	server *redisserver.Server
	free   chan int // used last comes last, so a straggler of one test hardly meets the next
}

func openPrivate() (*private, error) {
	server, err := redisserver.New("", "--databases", strconv.Itoa(databaseCount), "--appendonly", "no")
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, errors.Join(err, server.Remove())
	}
	p := &private{server: server, free: make(chan int, databaseCount)}
	for db := range databaseCount {
		p.free <- db
	}
	return p, nil
}

func (p *private) take(t testing.TB) zeroq.RedisConf {
	t.Helper()
	select {
	case db := <-p.free:
		t.Cleanup(func() { p.free <- db })
		if err := flush(p.server.Addr, db); err != nil {
			t.Fatal("redistest: empty a database: ", err)
		}
		return zeroq.RedisConf{Addrs: []string{p.server.Addr}, DB: db}
	default:
		t.Fatalf("redistest: all %d databases are taken", databaseCount)
		return zeroq.RedisConf{}
	}
}

func (p *private) close() {
	p.server.Kill() // nothing in it is worth an orderly end
	_ = p.server.Remove()
}
