package rabbittest

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
)

// childEnv makes this test binary, run once more by a test, take the server and hang.
const childEnv = "ZEROQ_RABBITTEST_CHILD"

func TestMain(m *testing.M) { goleak.VerifyTestMain(With(m)) }

func TestNew_NamesAreOfTheTestAlone(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	if a.Queue == b.Queue || a.Addrs[0] != b.Addrs[0] {
		t.Errorf("%+v, %+v", a, b)
	}
	if err := rabbitserver.Ping(t.Context(), a.Addrs[0]); err != nil {
		t.Error(err)
	}
}

func TestServer_ComesBackAtTheSameAddress(t *testing.T) {
	t.Parallel()
	s := Start(t, "consumer_timeout = 12345")
	if out := s.Control("eval", "application:get_env(rabbit, consumer_timeout)."); !strings.Contains(out, "12345") {
		t.Errorf("consumer_timeout is %s", out)
	}
	s.Kill()
	s.Kill()
	if rabbitserver.Ping(t.Context(), s.Addr) == nil {
		t.Error("a killed server answers")
	}
	s.Restart()
	s.Stop()
	s.Restart()
	if err := rabbitserver.Ping(t.Context(), s.Addr); err != nil {
		t.Error(err)
	}
}

// A test binary that is killed takes its server with it.
func TestNew_KilledBinaryLeavesNoServer(t *testing.T) {
	need(t)
	if runtime.GOOS != "linux" {
		t.Skip("this system has no such promise")
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr = strings.TrimSpace(addr)
	if err := rabbitserver.Ping(t.Context(), addr); err != nil {
		t.Error(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it says that it was killed
	tooLate := time.After(20 * time.Second)
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for rabbitserver.Ping(t.Context(), addr) == nil {
		select {
		case <-again.C:
		case <-tooLate:
			t.Fatal("the server is still there")
		}
	}
}

// TestChild is not a test of its own: see TestNew_KilledBinaryLeavesNoServer.
func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		return
	}
	os.Stdout.WriteString(New(t).Addrs[0] + "\n")
	select {}
}
