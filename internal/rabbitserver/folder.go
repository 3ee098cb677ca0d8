package rabbitserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	// folderPrefix begins the names of our folders, and so should be nobody else's.
	folderPrefix = "zeroq-rabbit-"
	lockName     = "in-use"
	// folderAge is how old a folder must be to be left over, as its lock may be about to be taken.
	folderAge = time.Minute
)

// newFolder makes a folder, and holds its lock as long as this process lives.
func newFolder() (string, *flock.Flock, error) {
	sweep(os.TempDir())
	folder, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return "", nil, err
	}
	lock := flock.New(filepath.Join(folder, lockName))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("%s is in use", folder)
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(folder))
	}
	return folder, lock, nil
}

// sweep removes the folders in dir that processes left which were killed. What it cannot remove stays:
// it does no harm.
func sweep(dir string) {
	locks, err := filepath.Glob(filepath.Join(dir, folderPrefix+"*", lockName))
	if err != nil {
		return
	}
	for _, path := range locks {
		info, err := os.Stat(path)
		if err != nil || time.Since(info.ModTime()) < folderAge {
			continue
		}
		lock := flock.New(path)
		if free, err := lock.TryLock(); err == nil && free {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		_ = lock.Close()
	}
}
