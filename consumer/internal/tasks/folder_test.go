package tasks

import (
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// openFolder returns an empty folder that has a neighbour with a file of an image.
func openFolder(t *testing.T) (f folder, dir, outside string) {
	parent := t.TempDir()
	dir, outside = filepath.Join(parent, "folder"), filepath.Join(parent, "outside")
	mustSucceed(t, os.Mkdir(dir, 0o755))
	writeFile(t, filepath.Join(outside, "secret.png"), pngOf(t, noise(image.Pt(4, 4))))
	root, err := os.OpenRoot(dir)
	mustSucceed(t, err)
	t.Cleanup(func() { mustSucceed(t, root.Close()) })
	return folder{root}, dir, outside
}

func fillWith(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestFolder_SymbolicLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	f, dir, outside := openFolder(t)
	for name, target := range map[string]string{
		"absolute": outside, "relative": "../outside", "file.png": filepath.Join(outside, "secret.png"),
		"up": "..", "root": "/", "chain": "relative",
	} {
		mustSucceed(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	for _, name := range []string{
		"absolute/secret.png", "relative/secret.png", "file.png", "up/outside/secret.png", "root/etc/passwd",
		"chain/secret.png", "../outside/secret.png", filepath.Join(outside, "secret.png"),
	} {
		_, err := f.open(name)
		mustBePermanent(t, err, "escapes")
	}
	for _, name := range []string{
		"absolute/new.png", "relative/new/new.png", "up/new.png", "root/new.png", "../new.png", "chain/a/b",
	} {
		_, err := f.write(name, fillWith("x"))
		mustBePermanent(t, err, "")
	}
	mustHaveOnly(t, outside, "secret.png")
	mustHaveOnly(t, filepath.Dir(outside), "folder", "outside")
}

func TestFolder_SymbolicLinksWithinArePassed(t *testing.T) {
	t.Parallel()
	f, dir, _ := openFolder(t)
	writeFile(t, filepath.Join(dir, "real/a"), []byte("x"))
	mustSucceed(t, os.Symlink("real", filepath.Join(dir, "link")))
	file, err := f.open("link/a")
	mustSucceed(t, err)
	mustSucceed(t, file.Close())
}

func TestFolder_LinkAtTheTargetIsReplacedAndNotFollowed(t *testing.T) {
	t.Parallel()
	f, dir, outside := openFolder(t)
	mustSucceed(t, os.Symlink(filepath.Join(outside, "secret.png"), filepath.Join(dir, "out.png")))
	size, err := f.write("out.png", fillWith("new"))
	mustSucceed(t, err)
	info, err := os.Lstat(filepath.Join(dir, "out.png"))
	mustSucceed(t, err)
	if size != 3 || !info.Mode().IsRegular() || info.Size() != 3 {
		t.Errorf("size %d, file %v of %d bytes", size, info.Mode(), info.Size())
	}
}

func TestFolder_NamedPipeDoesNotBlock(t *testing.T) {
	t.Parallel()
	f, dir, _ := openFolder(t)
	mustSucceed(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	_, err := f.open("pipe")
	mustBePermanent(t, err, "pipe: is no regular file")
}

func TestFolder_FailedWriteLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	f, dir, _ := openFolder(t)
	writeFile(t, filepath.Join(dir, "out.png"), []byte("old"))
	_, err := f.write("out.png", func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("x", 10_000)); err != nil {
			return err
		}
		return syscall.ENOSPC
	})
	mustRetry(t, err, "no space left")
	mustHaveOnly(t, dir, "out.png")
	content, err := os.ReadFile(filepath.Join(dir, "out.png"))
	mustSucceed(t, err)
	if string(content) != "old" {
		t.Errorf("the old file became %q", content)
	}
}

func TestFolder_TargetsThatCannotBeWrittenArePermanent(t *testing.T) {
	t.Parallel()
	f, dir, _ := openFolder(t)
	mustSucceed(t, os.MkdirAll(filepath.Join(dir, "taken.png/x"), 0o755))
	writeFile(t, filepath.Join(dir, "file"), nil)
	for _, name := range []string{"taken.png", "file/out.png", strings.Repeat("x", 300) + ".png", "nul\x00.png"} {
		_, err := f.write(name, fillWith("x"))
		mustBePermanent(t, err, "")
	}
	mustHaveOnly(t, dir, "file", "taken.png")
}

func TestFolder_ClosedFolderIsTriedAgain(t *testing.T) {
	t.Parallel()
	mustRetry(t, pathError(&fs.PathError{Op: "open", Path: "a", Err: fs.ErrClosed}), "closed")
	mustRetry(t, pathError(&fs.PathError{Op: "open", Path: "a", Err: syscall.EIO}), "input/output error")
	mustRetry(t, pathError(&fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}), "permission denied")
}
