package proxy

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m)) }

// patience bounds each wait of a test for something that should happen.
const patience = 20 * time.Second

// bump is a script that counts how often it was executed.
var bump = redis.NewScript("return redis.call('INCR', KEYS[1])")

// names of scripts in tests.
var scripts = map[string]string{bump.Hash(): "bump"}

// listen opens a way to the Redis at addr until the test ends.
func listen(t testing.TB, addr string) *Proxy {
	t.Helper()
	p, err := Listen(addr, scripts)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	return p
}

// open takes an empty database: a proxy before it, a client by way of that, and one that goes straight.
func open(t testing.TB) (p *Proxy, via, direct *redis.Client) {
	t.Helper()
	conf, direct := redistest.New(t)
	p = listen(t, conf.Addrs[0])
	return p, redistest.NewClient(t, zeroq.RedisConf{Addrs: []string{p.Addr()}, DB: conf.DB}), direct
}

// dialResp makes a client that speaks RESP of that version.
func dialResp(t testing.TB, addr string, version int) *redis.Client {
	c := redis.NewClient(&redis.Options{
		Addr: addr, Protocol: version, MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() { c.Close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wait waits until something is closed.
func wait(t testing.TB, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("nothing happened")
	}
}

// start begins something that the test waits for later.
func start[T any](t testing.TB, do func() (T, error)) *pending[T] {
	r := &pending[T]{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.value, r.err = do()
	}()
	t.Cleanup(func() { wait(t, r.done) })
	return r
}

type pending[T any] struct {
	done  chan struct{}
	value T
	err   error
}

func (r *pending[T]) result(t testing.TB) (T, error) {
	t.Helper()
	wait(t, r.done)
	return r.value, r.err
}

func (r *pending[T]) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

func TestProxy_PassesBothProtocols(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	value := string([]byte{0, '\r', '\n', '$', '*', 255}) + strings.Repeat("x", 100)
	for _, version := range []int{2, 3} {
		c := dialResp(t, p.Addr(), version)
		ctx := t.Context()
		must(t, c.HSet(ctx, "h", value, value).Err())
		if got := c.HGetAll(ctx, "h").Val(); got[value] != value {
			t.Errorf("RESP %d: got %q", version, got)
		}
		if err := c.Get(ctx, "none").Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("RESP %d: none: %v", version, err)
		}
		if err := c.Incr(ctx, "h").Err(); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
			t.Errorf("RESP %d: wrong type: %v", version, err)
		}
		if got := bump.Run(ctx, c, []string{"n"}).Val(); got != int64(version-1) {
			t.Errorf("RESP %d: bump = %v", version, got)
		}
	}
	if n := p.Seen("hset"); n != 2 {
		t.Errorf("seen %d HSET, want 2", n)
	}
	if n := p.Seen("bump"); n != 3 { // the first time Redis did not know it
		t.Errorf("seen %d bump, want 3", n)
	}
}

func TestProxy_PassesTenMegabytes(t *testing.T) {
	t.Parallel()
	_, via, _ := open(t)
	ctx, big := t.Context(), bytes.Repeat([]byte("0123456\r\n$"), 1<<20)
	for range 3 { // the buffer shrinks and grows
		must(t, via.Set(ctx, "big", big, 0).Err())
		got, err := via.Get(ctx, "big").Bytes()
		must(t, err)
		if !bytes.Equal(got, big) {
			t.Fatalf("got %d other bytes", len(got))
		}
	}
}

func TestProxy_PassesMessages(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	ctx := t.Context()
	for _, version := range []int{2, 3} {
		c := dialResp(t, p.Addr(), version)
		sub := c.Subscribe(ctx, "first", "second")
		defer sub.Close()
		for range 2 {
			if _, err := sub.Receive(ctx); err != nil {
				t.Fatal(err)
			}
		}
		must(t, sub.PSubscribe(ctx, "th*"))
		if _, err := sub.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		must(t, c.Publish(ctx, "third", "news").Err())
		if m, err := sub.ReceiveMessage(ctx); err != nil || m.Payload != "news" {
			t.Errorf("RESP %d: got %v, %v", version, m, err)
		}
		must(t, sub.Close())
	}
}

func TestProxy_ResetBreaksConnectionsAndTakesNewOnes(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	ctx := t.Context()
	blocked := start(t, func() ([]string, error) { return via.BLPop(context.Background(), 0, "list").Result() })
	p.reach(t, "blpop", 1)
	p.Reset()
	if _, err := blocked.result(t); err == nil {
		t.Error("the connection was not broken")
	}
	must(t, via.Ping(ctx).Err())
}

// reach waits until so many commands of a name have come.
func (p *Proxy) reach(t testing.TB, name string, count int) {
	t.Helper()
	until(t, func() bool { return p.Seen(name) >= count })
}

// until waits until something is so.
func until(t testing.TB, is func() bool) {
	t.Helper()
	again, late := time.NewTicker(time.Millisecond), time.After(patience)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-late:
			t.Fatal("it never came to be")
		}
	}
}

func TestProxy_BlackHoleHoldsAndHeals(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	must(t, via.Ping(ctx).Err()) // so there is a connection
	p.BlackHole()
	old := start(t, func() (int64, error) { return via.Incr(context.Background(), "n").Result() })
	p.reach(t, "incr", 1)
	fresh := start(t, func() (string, error) { return via.Ping(context.Background()).Result() })
	until(t, func() bool { return len(p.all()) == 2 })
	if n, err := direct.Exists(ctx, "n").Result(); n != 0 || err != nil {
		t.Errorf("a command came through: %d, %v", n, err)
	}
	if old.over() || fresh.over() {
		t.Error("an answer came out of the black hole")
	}
	p.Pass()
	if n, err := old.result(t); n != 1 || err != nil {
		t.Errorf("the old connection answers %d, %v", n, err)
	}
	if pong, err := fresh.result(t); pong != "PONG" || err != nil {
		t.Errorf("the new connection answers %q, %v", pong, err)
	}
}

func TestProxy_BlackHoleHidesThatASideHasGone(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	via := dialResp(t, p.Addr(), 3)
	blocked := start(t, func() ([]string, error) { return via.BLPop(context.Background(), 0, "list").Result() })
	p.reach(t, "blpop", 1)
	until(t, func() bool { return strings.Contains(server.Client().ClientList(t.Context()).Val(), "cmd=blpop") })
	p.BlackHole()
	server.Kill()
	if blocked.over() {
		t.Error("the process was told")
	}
	p.Pass()
	if _, err := blocked.result(t); err == nil {
		t.Error("the process was not told after the black hole")
	}
}

func TestProxy_CloseEndsWhatItHolds(t *testing.T) {
	t.Parallel()
	conf, _ := redistest.New(t)
	p, err := Listen(conf.Addrs[0], nil)
	must(t, err)
	c := dialResp(t, p.Addr(), 3)
	must(t, c.Ping(t.Context()).Err())
	trap := p.Arm(Trap{Command: "incr"})
	held := start(t, func() (int64, error) { return c.Incr(context.Background(), "n").Result() })
	wait(t, trap.Tripped())
	p.BlackHole()
	swallowed := start(t, func() (string, error) { return c.Ping(context.Background()).Result() })
	until(t, func() bool { return len(p.all()) == 2 })
	must(t, p.Close())
	if _, err := held.result(t); err == nil {
		t.Error("the held command was answered")
	}
	if _, err := swallowed.result(t); err == nil {
		t.Error("the swallowed command was answered")
	}
}

func TestProxy_DelayTakesLongerForAnAnswerAndForAPipeline(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	ctx := t.Context()
	must(t, via.Ping(ctx).Err())
	const delay = 50 * time.Millisecond
	p.Delay(delay)
	begun := time.Now()
	must(t, via.Ping(ctx).Err())
	if took := time.Since(begun); took < 2*delay {
		t.Errorf("took %s, less than %s each way", took, delay)
	}
	value := strings.Repeat("x", 10<<10)
	cmds, err := via.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for range 300 { // 3 MB, so many reads
			pipe.Echo(ctx, value)
		}
		return nil
	})
	must(t, err)
	for _, cmd := range cmds {
		if cmd.(*redis.StringCmd).Val() != value {
			t.Fatal("what is late has changed")
		}
	}
	p.Delay(0)
	must(t, via.Ping(ctx).Err())
}

func TestProxy_KilledRedisIsSeenAndComesBack(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	via := dialResp(t, p.Addr(), 3)
	ctx := t.Context()
	must(t, via.Incr(ctx, "n").Err())
	server.Kill()
	for range 3 {
		if err := via.Incr(ctx, "n").Err(); err == nil {
			t.Error("a killed Redis answers")
		}
	}
	server.Restart()
	if n, err := via.Incr(ctx, "n").Result(); n != 2 || err != nil {
		t.Errorf("n = %d, %v", n, err)
	}
}

func TestProxy_LearnsThatAProcessWithABlockedCommandHasGone(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := via.WithTimeout(50*time.Millisecond).Do(ctx, "blpop", "list", "0").Err(); err == nil {
		t.Error("an empty list was popped")
	}
	until(t, func() bool { return len(p.all()) == 0 })
	must(t, direct.RPush(t.Context(), "list", "x").Err())
	if n := direct.LLen(t.Context(), "list").Val(); n != 1 {
		t.Errorf("%d left: Redis gave it to somebody who had gone", n)
	}
}
