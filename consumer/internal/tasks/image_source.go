package tasks

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/zeroq-dev/zeroq"
)

// read decodes a source, after a look at its size: a small file can hold an image that fills the
// memory.
func (t *thumbnail) read(ctx context.Context, name string) (image.Image, error) {
	file, err := t.folder.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	source := &source{ctx: ctx, file: file}
	config, kind, err := image.DecodeConfig(source)
	if err == nil {
		err = t.checkSource(config, kind)
	}
	if err != nil {
		return nil, source.blame(name, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(source)
	if err != nil {
		return nil, source.blame(name, err)
	}
	return img, nil
}

func (t *thumbnail) checkSource(config image.Config, kind string) error {
	pixels := int64(config.Width) * int64(config.Height)
	switch {
	case kind != "jpeg" && kind != "png":
		return fmt.Errorf("is %s, must be JPEG or PNG", kind)
	case pixels < 1:
		return errors.New("has no pixels")
	case pixels > t.maxPixels:
		return fmt.Errorf("is %d x %d pixels, Tasks.Thumbnail.MaxPixels is %d",
			config.Width, config.Height, t.maxPixels)
	}
	return nil
}

// source reads a file while ctx lasts, and remembers what went wrong: a decoder's error does not
// tell whether the disk or the image is at fault.
type source struct {
	ctx  context.Context
	file io.Reader
	err  error
}

// Read reads from the file.
func (s *source) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
		return 0, s.err
	}
	n, err := s.file.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// blame tells what a decoder's error is to the task.
func (s *source) blame(name string, err error) error {
	if s.err != nil {
		return s.err
	}
	return zeroq.Permanent(fmt.Errorf("%s: %w", name, err))
}
