package redisserver

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// folderOf makes a folder with the files, as old as said.
func folderOf(t *testing.T, dir, name string, age time.Duration, files ...string) string {
	t.Helper()
	folder := filepath.Join(dir, name)
	must(t, os.Mkdir(folder, 0o700))
	for _, file := range files {
		must(t, os.WriteFile(filepath.Join(folder, file), nil, 0o600))
	}
	makeOlder(t, folder, age)
	return folder
}

func makeOlder(t *testing.T, folder string, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	must(t, os.Chtimes(folder, then, then))
}

// listen leaves a socket in the folder; it stays there when the listener is closed.
func listen(t *testing.T, folder string) net.Listener {
	t.Helper()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(folder, "redis.sock"), Net: "unix"})
	must(t, err)
	listener.SetUnlinkOnClose(false)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func TestNew_RemovesWhatKilledProcessesLeft(t *testing.T) {
	dir, err := os.MkdirTemp("", "zq") // t.TempDir would be too long for a socket
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	t.Setenv("TMPDIR", dir)
	const old = 2 * folderAge
	dead := folderOf(t, dir, "zeroq-redis-dead", 0)
	must(t, listen(t, dead).Close())
	makeOlder(t, dead, old)
	live := folderOf(t, dir, "zeroq-redis-live", 0)
	listen(t, live)
	makeOlder(t, live, old)
	gone := []string{
		dead,
		folderOf(t, dir, "zeroq-redis-empty", old),
		folderOf(t, dir, "zeroq-redis-log", old, "redis.log"),
	}
	stay := []string{
		live,
		folderOf(t, dir, "zeroq-redis-young", folderAge/2),
		folderOf(t, dir, "zeroq-redis-data", old, "redis.log", "appendonly.aof"),
		folderOf(t, dir, "zeroq-other", old),
	}
	newServer(t)
	for _, folder := range gone {
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%s is still there", folder)
		}
	}
	for _, folder := range stay {
		if _, err := os.Stat(folder); err != nil {
			t.Error(err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
