package redistest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
)

// childEnv makes this test binary, run once more by a test, behave like one with a certain fault.
const childEnv = "ZEROQ_REDISTEST_CHILD"

func TestMain(m *testing.M) { os.Exit(Main(m)) }

type tests func() int

func (t tests) Run() int { return t() }

func TestNew_DatabasesAreApartAndEmpty(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	confA, a := New(t)
	confB, b := New(t)
	if err := confA.Validate(); err != nil {
		t.Error(err)
	}
	if confA.DB == confB.DB {
		t.Fatalf("both have database %d", confA.DB)
	}
	must(t, a.Set(ctx, "k", "v", 0).Err())
	if n := b.DBSize(ctx).Val(); n != 0 {
		t.Errorf("the other database has %d keys", n)
	}
	if n := NewClient(t, confA).DBSize(ctx).Val(); n != 1 {
		t.Errorf("the conf leads to a database of %d keys, want 1", n)
	}
}

func TestNew_FlushesWhatTheLastTestLeft(t *testing.T) {
	src, err := openPrivate()
	must(t, err)
	defer src.close()
	for range databaseCount + 1 { // so that one is taken for the second time
		t.Run("", func(t *testing.T) {
			conf := src.take(t)
			c := NewClient(t, conf)
			if n := c.DBSize(t.Context()).Val(); n != 0 {
				t.Fatalf("database %d has %d keys", conf.DB, n)
			}
			must(t, c.Set(t.Context(), "k", "v", 0).Err())
		})
	}
}

func TestNew_ServerEvictsNothingAndHasNoPort(t *testing.T) {
	t.Parallel()
	_, c := New(t)
	for name, want := range map[string]string{
		"maxmemory-policy": "noeviction", "port": "0", "appendonly": "no", "save": "",
	} {
		if got := c.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestMini_Answers(t *testing.T) {
	t.Parallel()
	must(t, NewClient(t, Mini(t)).Ping(t.Context()).Err())
}

func TestServer_KeepsAcknowledgedWritesOverKillAndStop(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := StartServer(t)
	c := s.Client()
	for _, end := range []func(){s.Kill, s.Stop, func() {}} {
		must(t, c.Incr(ctx, "n").Err())
		end()
		s.Restart()
	}
	if n, err := s.Client().Get(ctx, "n").Int(); n != 3 || err != nil {
		t.Errorf("n = %d (%v), want 3", n, err)
	}
	s.Kill()
	s.Kill()
	if err := s.Client().Ping(ctx).Err(); err == nil {
		t.Error("a killed server answers")
	}
}

func TestServer_TakesSettings(t *testing.T) {
	t.Parallel()
	s := StartServer(t, "--appendonly", "no", "--maxmemory", "8mb")
	if got := s.Client().ConfigGet(t.Context(), "appendonly").Val()["appendonly"]; got != "no" {
		t.Errorf("appendonly = %q", got)
	}
}

// A server of the test stands in for the shared one.
func TestShared_LocksOneDatabaseForEachTest(t *testing.T) {
	t.Parallel()
	s := StartServer(t, "--appendonly", "no")
	locks := s.Client()
	src, err := openShared(s.Addr)
	must(t, err)
	defer src.close()

	must(t, locks.Set(t.Context(), "zeroq:test:lock:1", "somebody", time.Minute).Err())
	t.Run("holds", func(t *testing.T) {
		a, b := src.take(t), src.take(t)
		if a.DB != 2 || b.DB != 3 {
			t.Errorf("databases %d and %d, want 2 and 3", a.DB, b.DB)
		}
		if ttl := locks.PTTL(t.Context(), "zeroq:test:lock:2").Val(); ttl <= 0 {
			t.Errorf("the lock has no end: %s", ttl)
		}
		must(t, NewClient(t, a).Set(t.Context(), "k", "v", 0).Err())
		t.Run("flushed before use", func(t *testing.T) {
			must(t, locks.Del(t.Context(), "zeroq:test:lock:2").Err())
			if n := NewClient(t, src.take(t)).DBSize(t.Context()).Val(); n != 0 {
				t.Errorf("%d keys", n)
			}
		})
	})
	if got := locks.Keys(t.Context(), "zeroq:test:lock:*").Val(); len(got) != 1 {
		t.Errorf("locks left: %v, want only somebody else's", got)
	}
}

func TestShared_GivesUpWhenAllAreLocked(t *testing.T) {
	t.Parallel()
	src, err := openShared(StartServer(t, "--appendonly", "no").Addr)
	must(t, err)
	defer src.close()
	for range sharedDatabases {
		src.take(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := src.lock(ctx, t); err == nil {
		t.Error("locked a sixteenth")
	}
}

func TestRun_WithoutRedisFailsInOneLine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(sharedEnv, "")
	var out strings.Builder
	code := run(tests(func() int { t.Error("tests ran"); return 0 }), &out)
	want := "redistest: redis-server not found: `make test` installs it, or set ZEROQ_TEST_REDIS=host:port\n"
	if code != 1 || out.String() != want {
		t.Errorf("code %d, said %q", code, out.String())
	}
}

func TestRun_SharedRedisAwayFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(sharedEnv, filepath.Join(t.TempDir(), "none.sock"))
	var out strings.Builder
	code := run(tests(func() int { t.Error("tests ran"); return 0 }), &out)
	if code != 1 || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), sharedEnv) {
		t.Errorf("code %d, said %q", code, out.String())
	}
}

func TestMain_ReportsALeak(t *testing.T) {
	t.Parallel()
	out, err := child(t, "leak").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "goroutines left by the tests") {
		t.Errorf("err %v: %s", err, out)
	}
}

// A test binary that is killed takes its server with it.
func TestMain_KilledBinaryLeavesNoServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("this system has no such promise")
		return
	}
	t.Parallel()
	cmd := child(t, "hang")
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	buf := make([]byte, 200)
	n, err := stdout.Read(buf)
	must(t, err)
	addr := strings.TrimSpace(string(buf[:n]))
	defer os.RemoveAll(filepath.Dir(addr))
	c := NewClient(t, zeroq.RedisConf{Addrs: []string{addr}})
	must(t, c.Ping(t.Context()).Err())
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
	waitGone(t, c)
}

func waitGone(t *testing.T, c *redis.Client) {
	t.Helper()
	tooLate := time.After(patience)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for c.Ping(t.Context()).Err() == nil {
		select {
		case <-again.C:
		case <-tooLate:
			t.Fatal("the server is still there")
		}
	}
}

// child is this test binary again, running TestChild alone.
func child(t *testing.T, fault string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+fault)
	return cmd
}

// TestChild is not a test of its own: see child.
func TestChild(t *testing.T) {
	switch os.Getenv(childEnv) {
	case "leak":
		go func() { select {} }()
	case "hang":
		conf, _ := New(t)
		os.Stdout.WriteString(conf.Addrs[0] + "\n")
		select {}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
