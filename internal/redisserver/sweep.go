package redisserver

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// folderPrefix begins the names of our folders, and so should be nobody else's.
	folderPrefix = "zeroq-redis-"
	// folderAge is how old a folder must be to be left over, as its server may be about to start.
	folderAge = time.Minute
)

// sweep removes the folders in dir that processes left which were killed. What it cannot remove
// stays: it does no harm.
func sweep(dir string) {
	folders, err := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range folders {
		if leftOver(folder) {
			_ = os.Remove(filepath.Join(folder, "redis.sock"))
			_ = os.Remove(filepath.Join(folder, "redis.log"))
			_ = os.Remove(folder) // which fails if anything else has come
		}
	}
}

// leftOver tells whether nothing but a socket that nobody listens on, and a log, is in a folder.
func leftOver(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || time.Since(info.ModTime()) < folderAge {
		return false
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "redis.sock" && name != "redis.log" {
			return false
		}
	}
	conn, err := net.Dial("unix", filepath.Join(folder, "redis.sock"))
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}
