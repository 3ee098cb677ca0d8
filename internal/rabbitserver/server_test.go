package rabbitserver

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNew_RemovesWhatKilledProcessesLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	left, live := leave(t, dir, "left", 2*folderAge), leave(t, dir, "live", 2*folderAge)
	young := leave(t, dir, "young", folderAge/2)
	lock := flock.New(filepath.Join(live, lockName))
	if locked, err := lock.TryLock(); !locked || err != nil {
		t.Fatal(locked, err)
	}
	defer lock.Close()
	folder, own, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for _, path := range []string{live, young, folder} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
}

// leave makes a folder as a server has it, whose lock is so old.
func leave(t *testing.T, dir, name string, age time.Duration) string {
	t.Helper()
	folder := filepath.Join(dir, folderPrefix+name)
	lock, then := filepath.Join(folder, lockName), time.Now().Add(-age)
	for _, err := range []error{
		os.Mkdir(folder, 0o700), os.WriteFile(lock, nil, 0o600), os.Chtimes(lock, then, then),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
