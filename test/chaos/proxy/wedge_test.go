package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/internal/redisserver"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// dialRaw opens a connection that says what the test says.
func dialRaw(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func say(t testing.TB, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	must(t, err)
}

func TestProxy_PassesLines(t *testing.T) {
	t.Parallel()
	p, _, _ := open(t)
	must(t, redisserver.Ping(t.Context(), p.Addr()))
	if p.Seen("ping") != 1 {
		t.Error("the line was not read")
	}
}

// Redis is to judge what is no command, not the proxy.
func TestProxy_PassesGarbage(t *testing.T) {
	t.Parallel()
	p, _, _ := open(t)
	c := dialRaw(t, p.Addr())
	say(t, c, "*1\r\n$4\r\nPING\r\n*1\r\n?no command\r\n")
	must(t, c.SetReadDeadline(time.Now().Add(patience)))
	answer, err := io.ReadAll(c)
	if got := string(answer); !strings.HasPrefix(got, "+PONG\r\n-ERR Protocol error") || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestProxy_ForgetsAProcessThatDiesWhileItIsHeld(t *testing.T) {
	t.Parallel()
	for _, moment := range []Moment{Sent, Executed} {
		p, _, _ := open(t)
		c := dialRaw(t, p.Addr())
		trap := p.Arm(Trap{Command: "incr", Moment: moment})
		say(t, c, string(frameOf("INCR", p.Addr()))) // all raw connections use the same database
		wait(t, trap.Tripped())
		must(t, c.Close())
		trap.Release()
		until(t, func() bool { return len(p.all()) == 0 })
	}
}

func TestProxy_ClosesThoughNobodyReads(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	c := dialRaw(t, p.Addr())
	echo := string(frameOf("ECHO", strings.Repeat("x", 1<<20)))
	sent := start(t, func() (int, error) { return c.Write([]byte(strings.Repeat(echo, 50))) })
	p.reach(t, strings.Repeat("x", 1<<20), 3)
	must(t, via.Ping(t.Context()).Err()) // others go on
	must(t, p.Close())
	if _, err := sent.result(t); err == nil {
		t.Error("what nobody reads was taken")
	}
}

// What TCP holds is sent again until it is heard, whatever has become of who sent it.
func TestProxy_BlackHoleLetsCommandsOutWhoseSenderHasGone(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p, direct := listen(t, server.Addr), server.Client()
	c := dialRaw(t, p.Addr())
	p.BlackHole()
	say(t, c, string(frameOf("INCR", "n")))
	must(t, c.Close())
	if n := count(t, direct, "n"); n != 0 {
		t.Errorf("executed %d times in the black hole", n)
	}
	p.Pass()
	until(t, func() bool { return len(p.all()) == 0 })
	if n := count(t, direct, "n"); n != 1 {
		t.Errorf("executed %d times after it, want once", n)
	}
}

func TestTrap_SubscriptionDoesNotKeepIt(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	ctx := t.Context()
	sub := via.Subscribe(ctx, "c")
	t.Cleanup(func() { sub.Close() })
	trap := p.Arm(Trap{Moment: Executed, Lose: true})
	if _, err := sub.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	p.reach(t, "subscribe", 1)
	if err := via.Ping(ctx).Err(); err == nil {
		t.Error("it did not spring")
	}
	wait(t, trap.Tripped())
}
