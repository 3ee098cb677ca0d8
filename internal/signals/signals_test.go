package signals

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// childEnv makes this test binary a process that hangs, whatever signal comes.
const childEnv = "ZEROQ_SIGNALS_TEST_WAIT"

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	wait, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	Hold(wait)
	fmt.Println("up")
	<-time.After(time.Minute)
}

func TestHold_EndsAProcessThatHangsAfterItsTime(t *testing.T) {
	t.Parallel()
	const wait = 1500 * time.Millisecond
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+wait.String())
	output, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer cmd.Process.Kill()
	_, err = bufio.NewReader(output).ReadString('\n')
	must(t, err)
	began := time.Now()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT} {
		must(t, cmd.Process.Signal(s))
		<-time.After(200 * time.Millisecond)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took < wait || took > wait+time.Second {
		t.Errorf("it ended after %v, want %v", took, wait)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
