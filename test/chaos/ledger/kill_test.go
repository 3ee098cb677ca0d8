//go:build linux

package ledger_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// writerEnv makes this binary a process that writes to the ledger in that folder until it is killed;
// numberEnv is its number.
const (
	writerEnv = "ZEROQ_TEST_LEDGER"
	numberEnv = "ZEROQ_TEST_LEDGER_PROCESS"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(writerEnv); folder != "" {
		writeForEver(folder)
	}
	goleak.VerifyTestMain(m)
}

func writeForEver(folder string) {
	number, err := strconv.ParseUint(os.Getenv(numberEnv), 10, 32)
	if err != nil {
		panic(err)
	}
	log, err := ledger.Open(folder, uint32(number))
	if err != nil {
		panic(err)
	}
	for n := uint64(1); ; n++ {
		log.Add(ledger.Record{Kind: ledger.Started, Task: n}, ledger.Record{Kind: ledger.Ended, Task: n})
	}
}

// What processes have said is there when they are killed, whole and without a gap.
func TestLog_SurvivesKill(t *testing.T) {
	t.Parallel()
	for range 5 {
		folder := t.TempDir()
		before := ledger.Now()
		children := []*exec.Cmd{writer(t, folder, 1), writer(t, folder, 2)}
		awaitRecords(t, folder, 200)
		for _, child := range children {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait() // it says that it was killed
		}
		said := map[uint32]int{}
		last := before
		for _, r := range read(t, folder) {
			i := said[r.Process]
			if want := uint64(i/2 + 1); r.Task != want || r.Kind != ledger.Started+ledger.Kind(i%2) {
				t.Fatalf("record %d of a process is %+v, want task %d", i, r, want)
			}
			if r.At < last || r.At > ledger.Now() {
				t.Fatalf("%+v is not between the one before it and now", r)
			}
			said[r.Process], last = i+1, r.At
		}
		if len(said) != 2 {
			t.Fatalf("records of %d processes, want 2", len(said))
		}
	}
}

func writer(t *testing.T, folder string, number int) *exec.Cmd {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), writerEnv+"="+folder, numberEnv+"="+strconv.Itoa(number))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() })
	return child
}

// awaitRecords waits until two processes have written so many records each.
func awaitRecords(t *testing.T, folder string, least int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		records, err := ledger.Read(folder)
		said := map[uint32]int{}
		for _, r := range records {
			said[r.Process]++
		}
		if min(said[1], said[2]) >= least {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d records, %v", len(records), err)
		}
	}
}
