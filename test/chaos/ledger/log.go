package ledger

import (
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
	var all []Record
	for _, name := range names {
		records, err := readFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b Record) int { return int(min(max(a.At-b.At, -1), 1)) })
	return all, nil
}

// ReadProcess returns what one process wrote, as it did. One that wrote nothing has no records.
func ReadProcess(folder string, process uint32) ([]Record, error) {
	records, err := readFile(path(folder, process))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return records, err
}

func readFile(name string) ([]Record, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	records := make([]Record, 0, len(text)/Size)
	for line := range slices.Chunk(text, Size) {
		r, err := decode(line)
		if err != nil {
			return nil, errors.Join(err, fmt.Errorf("record %d", len(records)))
		}
		records = append(records, r)
	}
	return records, nil
}
