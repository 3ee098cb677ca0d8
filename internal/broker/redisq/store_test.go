package redisq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestCheckStore_TakesOnlyWhatEvictsNothing(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "no")
	r := rigOn(t, server.Conf(), server.Client())
	for policy, safe := range map[string]bool{"noeviction": true, "allkeys-lru": false, "volatile-ttl": false, "allkeys-random": false} {
		r.must(r.client.ConfigSet(t.Context(), "maxmemory-policy", policy).Err())
		sure, err := r.CheckStore(t.Context())
		if !sure || safe != (err == nil) || !safe && (!errors.Is(err, zeroq.ErrUnsafeStore) || !strings.Contains(err.Error(), policy)) {
			t.Errorf("%s: sure %v, %v", policy, sure, err)
		}
	}
	server.Kill()
	if _, err := r.CheckStore(t.Context()); !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
}

func TestCheckStore_IsUnsureWhereRedisDoesNotSay(t *testing.T) {
	t.Parallel()
	conf := redistest.Mini(t)
	r := rigOn(t, conf, redistest.NewClient(t, conf))
	if sure, err := r.CheckStore(t.Context()); sure || err != nil {
		t.Errorf("miniredis: sure %v, %v", sure, err)
	}
}

func TestJoin_RefusesANewerFormat(t *testing.T) {
	t.Parallel()
	for version, known := range map[string]bool{"1": true, "2": false, "x": false} {
		r := newRig(t)
		r.must(r.client.Set(t.Context(), r.keys.version, version, 0).Err())
		m, err := r.Join(t.Context(), broker.Join{Queue: "q", Worker: "w", Lease: testLease})
		if known != (err == nil) || !known && !errors.Is(err, zeroq.ErrFormat) {
			t.Errorf("version %s: %v", version, err)
		}
		errs := r.Enqueue(t.Context(), newTasks(1))
		if known != (errs[0] == nil) || !known && !errors.Is(errs[0], zeroq.ErrFormat) {
			t.Errorf("version %s: enqueue %v", version, errs[0])
		}
		if m != nil {
			r.must(m.Leave(t.Context()))
		}
	}
}

// redisError is an error as Redis answers it.
type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

func TestExplain_SaysItInWordsOfZeroq(t *testing.T) {
	t.Parallel()
	timeout := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	for _, test := range []struct {
		err  error
		want error // nil: left as it is
	}{
		{redisError("OOM command not allowed when used memory > 'maxmemory'. script: 12ab, on @user_script:1."), zeroq.ErrStoreFull},
		{redisError("OOM command not allowed when used memory > 'maxmemory'."), zeroq.ErrStoreFull},
		{redisError("ERR Error running script (call to f_12ab): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > 'maxmemory'."), zeroq.ErrStoreFull},
		{redisError("LOADING Redis is loading the dataset in memory"), zeroq.ErrUnavailable},
		{redisError("READONLY You can't write against a read only replica."), zeroq.ErrUnavailable},
		{redisError("ERR Error running script (call to f_12ab): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica."), zeroq.ErrUnavailable},
		{redisError("MASTERDOWN Link with MASTER is down"), zeroq.ErrUnavailable},
		{redisError("CLUSTERDOWN The cluster is down"), zeroq.ErrUnavailable},
		{redisError("TRYAGAIN Multiple keys request during rehashing of slot"), zeroq.ErrUnavailable},
		{redisError("BUSY Redis is busy running a script."), zeroq.ErrUnavailable},
		{redisError("UNBLOCKED force unblock from blocking operation"), zeroq.ErrUnavailable},
		{redisError("NOREPLICAS Not enough good replicas to write."), zeroq.ErrUnavailable},
		{redisError("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), zeroq.ErrUnavailable},
		{redisError("ERR max number of clients reached"), zeroq.ErrUnavailable},
		{io.EOF, zeroq.ErrUnavailable},
		{io.ErrUnexpectedEOF, zeroq.ErrUnavailable},
		{timeout, zeroq.ErrUnavailable},
		{fmt.Errorf("dial: %w", timeout), zeroq.ErrUnavailable},
		{net.ErrClosed, zeroq.ErrUnavailable},
		{redis.ErrClosed, zeroq.ErrUnavailable},
		{redis.ErrPoolTimeout, zeroq.ErrUnavailable},
		{context.DeadlineExceeded, zeroq.ErrUnavailable},
		{context.Canceled, nil},
		{redisError("NOAUTH Authentication required."), nil},
		{redisError("WRONGTYPE Operation against a key holding the wrong kind of value"), nil},
		{redisError("ERR unknown command"), nil},
		{errors.New("OOMPH"), nil},
	} {
		got := explain(test.err)
		if !errors.Is(got, test.err) {
			t.Errorf("%v became %v", test.err, got)
		}
		for _, word := range []error{zeroq.ErrStoreFull, zeroq.ErrUnavailable} {
			if errors.Is(got, word) != (test.want == word) {
				t.Errorf("%v: is %q %v", test.err, word, errors.Is(got, word))
			}
		}
	}
	if err := explainNil(nil); err != nil {
		t.Error(err)
	}
}

func TestExplain_RealErrorsOfAServer(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t, "--appendonly", "no", "--maxclients", "20")
	r := rigOn(t, server.Conf(), server.Client())
	r.put(newTask())
	r.must(r.client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	if err := r.Enqueue(t.Context(), newTasks(1))[0]; !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("on a replica: %v", err)
	}
	r.must(r.client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	r.put(newTask())
	server.Kill()
	for what, err := range map[string]error{
		"ping": r.Ping(t.Context()), "enqueue": r.Enqueue(t.Context(), newTasks(1))[0],
		"queues": func() error { _, err := r.Queues(t.Context()); return err }(),
	} {
		if !errors.Is(err, zeroq.ErrUnavailable) {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
}

func TestEnqueue_CallersTimeoutIsUnavailable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r := rigOn(t, zeroq.RedisConf{Addrs: []string{listener.Addr().String()}}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50e6)
	defer cancel()
	if err := r.Enqueue(ctx, newTasks(1))[0]; !errors.Is(err, zeroq.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// A wrong password is no Redis that keeps its policy to itself.
func TestCheckStore_WrongPasswordIsAnError(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	if err := server.Client().ConfigSet(t.Context(), "requirepass", "right").Err(); err != nil {
		t.Fatal(err)
	}
	conf := server.Conf()
	conf.Password = "wrong"
	b, err := Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if sure, err := b.CheckStore(t.Context()); sure || err == nil {
		t.Errorf("sure %v, err %v", sure, err)
	}
}
