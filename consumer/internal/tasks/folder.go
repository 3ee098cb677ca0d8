package tasks

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/zeroq-dev/zeroq"
)

// lasting are errors of the system that say that a path is wrong, and will be.
var lasting = []error{
	fs.ErrNotExist, fs.ErrExist, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG, syscall.EINVAL,
}

// folder is a directory that no path leads out of, be it by ".." or by a symbolic link. Errors of
// its methods are Permanent when the path is at fault.
type folder struct {
	root *os.Root
}

// open opens a regular file for reading. It looks before it opens, as opening a named pipe would
// wait for a writer.
func (f folder) open(name string) (*os.File, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, pathError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, zeroq.Permanent(fmt.Errorf("%s: is no regular file", name))
	}
	file, err := f.root.Open(name)
	return file, pathError(err)
}

// write makes a file, and its directory, of what fill writes. Others see the file complete or not
// at all, and so does who looks after a power failure. It returns the file's size in bytes.
func (f folder) write(name string, fill func(io.Writer) error) (int64, error) {
	dir := path.Dir(name)
	if err := f.root.MkdirAll(dir, 0o755); err != nil {
		return 0, pathError(err)
	}
	temporary := path.Join(dir, ".zeroq-"+rand.Text())
	size, err := f.create(temporary, fill)
	if err == nil {
		err = pathError(f.root.Rename(temporary, name))
	}
	if err != nil {
		return 0, errors.Join(err, f.remove(temporary))
	}
	return size, nil
}

// create writes a new file and waits until the disk has it.
func (f folder) create(name string, fill func(io.Writer) error) (size int64, err error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, pathError(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriter(file)
	if err := errors.Join(fill(buffer), buffer.Flush(), file.Sync()); err != nil {
		return 0, err
	}
	return file.Seek(0, io.SeekCurrent)
}

// remove removes a file that may not exist.
func (f folder) remove(name string) error {
	if err := f.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// pathError makes err Permanent when no further attempt can mend it. An error that does not come
// from the system is os.Root's refusal of a path that leads out.
func pathError(err error) error {
	var system syscall.Errno
	switch {
	case err == nil, errors.Is(err, fs.ErrClosed):
		return err
	case !errors.As(err, &system), slices.ContainsFunc(lasting, func(e error) bool { return errors.Is(err, e) }):
		return zeroq.Permanent(err)
	}
	return err
}
