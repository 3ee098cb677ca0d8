package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// extension is that of the files of a ledger.
const extension = ".ledger"

// Log is the file that one process appends to. It is safe for concurrent use: each record is one
// write(2) with O_APPEND.
type Log struct {
	file    *os.File
	process uint32
}

// Open makes the file of a process in the folder of a run.
func Open(folder string, process uint32) (*Log, error) {
	file, err := os.OpenFile(path(folder, process), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &Log{file: file, process: process}, nil
}

func path(folder string, process uint32) string {
	return filepath.Join(folder, fmt.Sprintf("%06d%s", process, extension))
}

// Add appends records in one write. A record without a moment or a process gets those of the caller.
// A ledger that cannot be written makes the run worthless, so it panics.
func (l *Log) Add(records ...Record) {
	text := make([]byte, 0, len(records)*Size)
	for _, r := range records {
		if r.At == 0 {
			r.At = Now()
		}
		if r.Process == 0 && r.Kind != Fault {
			r.Process = l.process
		}
		line := r.encode()
		text = append(text, line[:]...)
	}
	if _, err := l.file.Write(text); err != nil {
		panic(err)
	}
}

// Process is whose log it is.
func (l *Log) Process() uint32 { return l.process }

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// Read returns all records of a run, by their moments. A damaged record is an error: write(2) is
// whole or not at all, whoever is killed.
func Read(folder string) ([]Record, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*"+extension))
	if err != nil {
		return nil, err
	}
	all := make([]Record, 0, room(names))
	for _, name := range names {
		if all, err = appendFile(all, name); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	slices.SortStableFunc(all, func(a, b Record) int { return int(min(max(a.At-b.At, -1), 1)) })
	return all, nil
}

// ReadProcess returns what one process wrote, as it did. One that wrote nothing has no records.
func ReadProcess(folder string, process uint32) ([]Record, error) {
	records, err := appendFile(nil, path(folder, process))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return records, err
}

// room is how many records files hold, so that a long run is in memory once, not twice.
func room(names []string) int {
	size := int64(0)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			size += info.Size()
		}
	}
	return int(size / Size)
}

// appendFile appends the records of a file.
func appendFile(all []Record, name string) ([]Record, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, line := bufio.NewReaderSize(file, 1<<20), make([]byte, Size)
	for n := 0; ; n++ {
		read, err := io.ReadFull(text, line)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		r, err := decode(line[:read])
		if err != nil {
			return nil, errors.Join(err, fmt.Errorf("record %d", n))
		}
		all = append(all, r)
	}
}
