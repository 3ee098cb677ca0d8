package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gofrs/flock"
	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/redisserver"
)

// store is the Redis of this command.
type store struct {
	conf zeroq.RedisConf
	// what says which one it is, and warning what its user must know.
	what, warning string
	// remote: somebody else runs it, so that it may be away.
	remote bool
	// gone is closed when it has ended by itself; nil if this command does not run it.
	gone      <-chan struct{}
	lastWords func() string
	close     func() error
}

// openStore takes the Redis that is named, or runs the best there is.
func openStore(o options) (*store, error) {
	if o.redis != "" {
		return remoteStore(o.redis)
	}
	s, err := ownStore(o.data)
	if errors.Is(err, redisserver.ErrNotFound) {
		return memoryStore()
	}
	return s, err
}

// remoteStore is a Redis that somebody else runs.
func remoteStore(address string) (*store, error) {
	conf, err := parseAddress(address)
	if err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	return &store{
		conf: conf, what: "Redis at " + conf.Addrs[0], remote: true, close: func() error { return nil },
	}, nil
}

const (
	// pingTimeout bounds one look at a Redis that somebody else runs.
	pingTimeout = time.Second
	// pingEvery is how often it is looked for.
	pingEvery = 500 * time.Millisecond
)

// wait returns once a Redis that somebody else runs is there, or ctx ends.
func (s *store) wait(ctx context.Context, out io.Writer) error {
	if !s.remote {
		return nil
	}
	redis, err := redisq.Open(s.conf)
	if err != nil {
		return err
	}
	defer func() { _ = redis.Close() }()
	for said := false; ctx.Err() == nil; said = true {
		bounded, cancel := context.WithTimeout(ctx, pingTimeout)
		err := redis.Ping(bounded)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, zeroq.ErrUnavailable):
			return err
		}
		if !said {
			fmt.Fprintf(out, "waiting for %s: %v\n", s.what, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pingEvery):
		}
	}
	return nil
}

func parseAddress(address string) (zeroq.RedisConf, error) {
	if !strings.Contains(address, "://") {
		if !strings.HasPrefix(address, "/") {
			if _, _, err := net.SplitHostPort(address); err != nil {
				return zeroq.RedisConf{}, err
			}
		}
		return zeroq.RedisConf{Addrs: []string{address}}, nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return zeroq.RedisConf{}, err
	}
	return zeroq.RedisConf{
		Addrs: []string{options.Addr}, User: options.Username, Password: options.Password, DB: options.DB,
		TLS: zeroq.TLSConf{Enabled: options.TLSConfig != nil},
	}, nil
}

// ownStore is a redis-server that keeps its data in the folder, which no other process uses meanwhile.
func ownStore(folder string) (*store, error) {
	folder, err := filepath.Abs(filepath.Join(folder, "redis"))
	if err != nil {
		return nil, err
	}
	server, err := redisserver.New(folder, "--appendonly", "yes", "--appendfsync", "everysec")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, errors.Join(err, server.Remove())
	}
	lock := flock.New(filepath.Join(folder, "lock"))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("%s is in use by another zeroq dev; --data names another folder", folder)
	}
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close(), server.Remove())
	}
	return &store{
		conf: zeroq.RedisConf{Addrs: []string{server.Addr}},
		what: "redis-server of its own, data in " + folder + "\n" +
			"       to look into it:   redis-cli -s " + server.Addr,
		gone: server.Gone(), lastWords: server.LastLog,
		close: func() error { return errors.Join(server.Stop(), server.Remove(), lock.Close()) },
	}, nil
}

// memoryStore is a Redis in this process.
func memoryStore() (*store, error) {
	mini := miniredis.NewMiniRedis()
	if err := mini.Start(); err != nil {
		return nil, err
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go age(mini, stop, stopped)
	return &store{
		conf:    zeroq.RedisConf{Addrs: []string{mini.Addr()}},
		what:    "memory of this process",
		warning: "no redis-server on PATH: tasks live in memory only, and are gone when this process ends",
		close: func() error {
			close(stop)
			<-stopped
			mini.Close()
			return nil
		},
	}, nil
}

// age moves the time to live of miniredis's keys on, which they do not do by themselves.
func age(mini *miniredis.Miniredis, stop <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			mini.FastForward(time.Second)
		case <-stop:
			return
		}
	}
}
