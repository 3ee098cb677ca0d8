package redisserver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServer_SaysWhyItDidNotStart(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--no-such-setting", "1")
	if err := s.Start(); err == nil || !strings.Contains(err.Error(), "ended at its start") {
		t.Errorf("err = %v", err)
	}
}

func TestServer_LongTempDirStillFitsASocket(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	if s := newServer(t); len(s.Addr) > maxSocketPath {
		t.Errorf("socket path has %d bytes", len(s.Addr))
	}
}

func TestServer_KeepsItsDataInTheFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := New(folder, "--appendonly", "yes")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := Ping(t.Context(), s.Addr); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	<-s.Gone()
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "appendonlydir")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.Addr); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestNew_WithoutRedisServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := New(""); !errors.Is(err, ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func newServer(t *testing.T, args ...string) *Server {
	t.Helper()
	s, err := New("", args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}
