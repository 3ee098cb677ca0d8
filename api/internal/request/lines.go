package request

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// Lines reads NDJSON line by line. It holds one line at a time.
type Lines struct{ reader *bufio.Reader }

// NewLines returns a reader of the lines of body.
func NewLines(body io.Reader) *Lines { return &Lines{bufio.NewReaderSize(body, 64<<10)} }

// Next returns the next line that is not blank, as a copy. A line over MaxTaskBytes is skipped and
// reported as a [problem.Problem]; the lines behind it can be read. io.EOF is the end; any other
// error is that of the body.
func (l *Lines) Next() ([]byte, error) {
	for {
		line, err := l.line()
		if err != nil || len(line) > 0 {
			return line, err
		}
	}
}

// line returns the next line without the white space around it.
func (l *Lines) line() ([]byte, error) {
	var line []byte
	for {
		part, err := l.reader.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxTaskBytes+len("\r\n"):
			return nil, l.skip(err)
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return trim(line)
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// skip reads to the end of a line that is too long; err is what the last read of it answered.
func (l *Lines) skip(err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.reader.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return errLine()
}

func trim(line []byte) ([]byte, error) {
	if line = bytes.TrimSpace(line); len(line) > MaxTaskBytes {
		return nil, errLine()
	}
	return line, nil
}

func errLine() error {
	return problem.Large("", fmt.Sprintf("the line is over %d bytes", MaxTaskBytes))
}
