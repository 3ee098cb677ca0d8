package proxy

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// count is what the bump script has counted.
func count(t testing.TB, c *redis.Client, key string) int {
	t.Helper()
	n, err := c.Get(context.Background(), key).Int()
	if err == redis.Nil {
		return 0
	}
	must(t, err)
	return n
}

func TestTrap_LostReplyIsExecutedOnce(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	must(t, bump.Load(ctx, via).Err())
	trap := p.Arm(Trap{Command: "bump", Moment: Executed, Lose: true})
	if err := bump.EvalSha(ctx, via, []string{"n"}).Err(); err == nil {
		t.Error("a lost answer arrived")
	}
	wait(t, trap.Tripped())
	if n := count(t, direct, "n"); n != 1 {
		t.Errorf("executed %d times, want once", n)
	}
	if n := bump.EvalSha(ctx, via, []string{"n"}).Val(); n != int64(2) {
		t.Errorf("after the trap bump = %v, want 2", n)
	}
}

func TestTrap_LostCommandIsNotExecuted(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	trap := p.Arm(Trap{Command: "bump", Moment: Sent, Lose: true})
	if err := bump.Eval(t.Context(), via, []string{"n"}).Err(); err == nil {
		t.Error("a lost command was answered")
	}
	wait(t, trap.Tripped())
	if n := count(t, direct, "n"); n != 0 {
		t.Errorf("executed %d times", n)
	}
}

func TestTrap_HoldsUntilReleased(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		moment Moment
		want   int
	}{{Sent, 0}, {Executed, 1}} {
		p, via, direct := open(t)
		ctx := t.Context()
		trap := p.Arm(Trap{Command: "bump", Moment: test.moment})
		held := start(t, func() (any, error) { return bump.Eval(context.Background(), via, []string{"n"}).Result() })
		wait(t, trap.Tripped())
		must(t, via.Ping(ctx).Err()) // other connections go on
		if n := count(t, direct, "n"); n != test.want {
			t.Errorf("moment %d: executed %d times, want %d", test.moment, n, test.want)
		}
		if held.over() {
			t.Errorf("moment %d: the answer was not held", test.moment)
		}
		trap.Release()
		if n, err := held.result(t); n != int64(1) || err != nil {
			t.Errorf("moment %d: released, it answers %v, %v", test.moment, n, err)
		}
	}
}

func TestTrap_HeldCommandNeverArrivesAfterReset(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	trap := p.Arm(Trap{Command: "incr", Moment: Sent})
	held := start(t, func() (int64, error) { return via.Incr(context.Background(), "n").Result() })
	wait(t, trap.Tripped())
	p.Reset()
	trap.Release()
	if _, err := held.result(t); err == nil {
		t.Error("it was answered")
	}
	must(t, p.Close()) // nothing is on its way any more
	if n := count(t, direct, "n"); n != 0 {
		t.Errorf("executed %d times", n)
	}
}

func TestTrap_DisarmedDoesNotSpring(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	for _, moment := range []Moment{Sent, Executed} {
		trap := p.Arm(Trap{Command: "incr", Moment: moment})
		trap.Release()
		trap.Release()
		must(t, via.Incr(t.Context(), "n").Err())
		select {
		case <-trap.Tripped():
			t.Error("it has sprung")
		default:
		}
	}
}

func TestTrap_SkipsAndMatches(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	trap := p.Arm(Trap{
		Command: "set", Skip: 2, Moment: Executed, Lose: true,
		Match: func(args [][]byte) bool { return len(args) == 3 && string(args[1]) == "key" },
	})
	for i, key := range []string{"key", "other", "key", "other", "other"} {
		if err := via.Set(ctx, key, i, 0).Err(); err != nil {
			t.Fatalf("SET %d: %v", i, err)
		}
	}
	if err := via.Set(ctx, "key", "last", 0).Err(); err == nil {
		t.Error("the third did not spring it")
	}
	wait(t, trap.Tripped())
	if got := direct.Get(ctx, "key").Val(); got != "last" {
		t.Errorf("key = %q", got)
	}
}

func TestTrap_AnyCommandIsNoHandshake(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	trap := p.Arm(Trap{Moment: Sent, Lose: true})
	if err := via.Incr(t.Context(), "n").Err(); err == nil {
		t.Error("it did not spring")
	}
	wait(t, trap.Tripped())
	if p.Seen("hello") != 1 || p.Seen("incr") != 1 {
		t.Errorf("seen %d HELLO, %d INCR: it sprang at the wrong one", p.Seen("hello"), p.Seen("incr"))
	}
	if n := count(t, direct, "n"); n != 0 {
		t.Errorf("executed %d times", n)
	}
}

func TestTrap_EchoIsNamedByWhatItSays(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	ctx := t.Context()
	trap := p.Arm(Trap{Command: "in handler", Moment: Sent, Lose: true})
	must(t, via.Echo(ctx, "before handler").Err())
	if err := via.Echo(ctx, "in handler").Err(); err == nil {
		t.Error("it did not spring")
	}
	wait(t, trap.Tripped())
}

// Redis does not know the script at first, so the client sends it twice: only the second is executed.
func TestTrap_UnknownScriptIsNotExecuted(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	via, direct := dialResp(t, p.Addr(), 3), server.Client()
	trap := p.Arm(Trap{Command: "bump", Moment: Executed, Lose: true})
	if err := bump.Run(t.Context(), via, []string{"n"}).Err(); err == nil {
		t.Error("a lost answer arrived")
	}
	wait(t, trap.Tripped())
	if n := count(t, direct, "n"); n != 1 || p.Seen("bump") != 2 {
		t.Errorf("executed %d times, seen %d times", n, p.Seen("bump"))
	}
}

// A command that Redis refuses changed nothing: the trap waits for one that it executes.
func TestTrap_AnErrorIsNotExecuted(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	p := listen(t, server.Addr)
	via, direct := dialResp(t, p.Addr(), 3), server.Client()
	ctx := t.Context()
	must(t, direct.ConfigSet(ctx, "maxmemory", "1").Err())
	trap := p.Arm(Trap{Command: "incr", Moment: Executed, Lose: true})
	if err := via.Incr(ctx, "n").Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM ") {
		t.Errorf("the refusal did not arrive: %v", err)
	}
	must(t, direct.ConfigSet(ctx, "maxmemory", "0").Err())
	if err := via.Incr(ctx, "n").Err(); err == nil {
		t.Error("a lost answer arrived")
	}
	wait(t, trap.Tripped())
	if n := count(t, direct, "n"); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

func TestTrap_LoadedScriptIsNotRun(t *testing.T) {
	t.Parallel()
	p, via, _ := open(t)
	trap := p.Arm(Trap{Command: "bump", Moment: Sent, Lose: true})
	must(t, bump.Load(t.Context(), via).Err())
	if p.Seen("load bump") != 1 || p.Seen("bump") != 0 {
		t.Errorf("seen %d loads, %d runs", p.Seen("load bump"), p.Seen("bump"))
	}
	trap.Release()
}

// What comes before in the pipeline is executed and answered, what comes after is not executed.
func TestTrap_CutsAPipelineInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		moment Moment
		want   int
	}{{Sent, 0}, {Executed, 1}} {
		for range 20 {
			p, via, direct := open(t)
			ctx := t.Context()
			p.Arm(Trap{Command: "bump", Moment: test.moment, Lose: true})
			pipe := via.Pipeline()
			before := pipe.Incr(ctx, "before")
			hit := bump.Eval(ctx, pipe, []string{"hit"})
			after := pipe.Incr(ctx, "after")
			if _, err := pipe.Exec(ctx); err == nil {
				t.Error("the pipeline was answered")
			}
			// go-redis gives the error to all of them, but keeps what was answered
			if before.Val() != 1 || hit.Err() == nil || after.Err() == nil {
				t.Errorf("moment %d: before = %d; errors: %v, %v", test.moment, before.Val(), hit.Err(), after.Err())
			}
			must(t, p.Close())
			if b, h, a := count(t, direct, "before"), count(t, direct, "hit"), count(t, direct, "after"); b != 1 ||
				h != test.want || a != 0 {
				t.Errorf("moment %d: executed %d, %d, %d times", test.moment, b, h, a)
			}
		}
	}
}

func TestTrap_SpringsInALongPipeline(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	const length, at = 5000, 3210
	trap := p.Arm(Trap{Command: "incr", Skip: at, Moment: Executed})
	held := start(t, func() ([]redis.Cmder, error) {
		return via.Pipelined(context.Background(), func(pipe redis.Pipeliner) error {
			for range length {
				pipe.Incr(ctx, "n")
			}
			return nil
		})
	})
	wait(t, trap.Tripped())
	if n := count(t, direct, "n"); n != at+1 {
		t.Errorf("executed %d times, want %d", n, at+1)
	}
	trap.Release()
	cmds, err := held.result(t)
	must(t, err)
	for i, cmd := range cmds {
		if n := cmd.(*redis.IntCmd).Val(); n != int64(i+1) {
			t.Fatalf("answer %d is %d", i, n)
		}
	}
}

func TestTrap_TransactionIsExecutedByExec(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]int{"multi": 0, "incr": 0, "exec": 1} {
		p, via, direct := open(t)
		ctx := t.Context()
		p.Arm(Trap{Command: command, Moment: Executed, Lose: true})
		if _, err := via.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			return pipe.Incr(ctx, "n").Err()
		}); err == nil {
			t.Errorf("%s: a lost answer arrived", command)
		}
		must(t, p.Close())
		if n := count(t, direct, "n"); n != want {
			t.Errorf("%s: executed %d times, want %d", command, n, want)
		}
	}
}

func TestTrap_BlockingCommandIsHeldWhenItHasMoved(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	trap := p.Arm(Trap{Command: "blmove", Moment: Executed})
	held := start(t, func() (string, error) {
		return via.BLMove(context.Background(), "from", "to", "right", "left", 0).Result()
	})
	p.reach(t, "blmove", 1)
	select {
	case <-trap.Tripped():
		t.Error("it sprang before there was an answer")
	default:
	}
	must(t, direct.RPush(ctx, "from", "x").Err())
	wait(t, trap.Tripped())
	if n := direct.LLen(ctx, "to").Val(); n != 1 || held.over() {
		t.Errorf("%d moved, answered: %t", n, held.over())
	}
	trap.Release()
	if got, err := held.result(t); got != "x" || err != nil {
		t.Errorf("released, it answers %q, %v", got, err)
	}
}

func TestTrap_SpringsOnceOfManyConnections(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	for range 3 {
		p.Arm(Trap{Command: "incr", Moment: Executed, Lose: true})
	}
	const calls = 40
	var all []*pending[int64]
	for range calls {
		all = append(all, start(t, func() (int64, error) { return via.Incr(context.Background(), "n").Result() }))
	}
	failed := 0
	for _, call := range all {
		if _, err := call.result(t); err != nil {
			failed++
		}
	}
	if n := count(t, direct, "n"); n != calls || failed != 3 {
		t.Errorf("executed %d of %d, lost %d of 3", n, calls, failed)
	}
}

func TestTrap_WaitsForAnotherCommandWhenTheFirstIsNeverAnswered(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	trap := p.Arm(Trap{Command: "blpop", Moment: Executed, Lose: true})
	first := start(t, func() ([]string, error) { return via.BLPop(context.Background(), 0, "list").Result() })
	p.reach(t, "blpop", 1)
	p.Reset()
	if _, err := first.result(t); err == nil {
		t.Error("the connection was not broken")
	}
	until(t, func() bool { return len(p.all()) == 0 })
	must(t, direct.RPush(t.Context(), "list", "x").Err())
	if err := via.BLPop(t.Context(), 0, "list").Err(); err == nil {
		t.Error("it did not spring")
	}
	wait(t, trap.Tripped())
}

func TestTrap_SpringsUnderDelay(t *testing.T) {
	t.Parallel()
	p, via, direct := open(t)
	ctx := t.Context()
	for i, moment := range []Moment{Sent, Executed} {
		p.Delay(20e6)
		p.Arm(Trap{Command: "incrby", Moment: moment, Lose: true})
		pipe := via.Pipeline()
		before := pipe.Incr(ctx, "before"+strconv.Itoa(i))
		pipe.IncrBy(ctx, "hit"+strconv.Itoa(i), 1)
		_, err := pipe.Exec(ctx)
		if err == nil || before.Val() != 1 {
			t.Errorf("moment %d: before = %d (%v), err = %v", moment, before.Val(), before.Err(), err)
		}
		if n := count(t, direct, "hit"+strconv.Itoa(i)); n != i {
			t.Errorf("moment %d: executed %d times", moment, n)
		}
	}
}
