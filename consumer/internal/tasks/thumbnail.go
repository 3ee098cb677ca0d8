package tasks

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/zeroq-dev/zeroq"
)

// maxSide is the most pixels that a side of a JPEG can have.
const maxSide = 65535

// thumbnailData is the data of a task "image.thumbnail".
type thumbnailData struct {
	// Source and Target are paths within the folder, with "/" between their parts. The source is
	// JPEG or PNG; the target's extension, .jpg, .jpeg or .png, decides what is written.
	Source string `json:"source"`
	Target string `json:"target"`
	// Width and Height are the box in pixels, 1 to 65535, that the thumbnail fits into.
	Width  int `json:"width"`
	Height int `json:"height"`
}

// thumbnailResult is its result.
type thumbnailResult struct {
	Width  int   `json:"width"`
	Height int   `json:"height"`
	Bytes  int64 `json:"bytes"`
}

// thumbnail scales an image to fit into a box. It keeps the shape and never enlarges. A target that
// exists is replaced at once; a transparent image becomes white where JPEG cannot be transparent.
// The orientation that a camera notes beside the pixels is not applied.
//
// A source that is missing, too large or no image, and a path that leads out of the folder, make
// the task a dead letter; other errors of the disk are tried again.
type thumbnail struct {
	folder    folder
	maxPixels int64
}

func newThumbnail(conf Conf) (zeroq.Handler, error) {
	if conf.Thumbnail.Folder == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(conf.Thumbnail.Folder)
	if err != nil {
		return nil, fmt.Errorf("Tasks.Thumbnail.Folder: %w", err)
	}
	return &thumbnail{folder{root}, conf.Thumbnail.maxPixels()}, nil
}

// Close closes the folder.
func (t *thumbnail) Close() error { return t.folder.root.Close() }

// Handle makes the thumbnail that the task's data describes.
func (t *thumbnail) Handle(ctx context.Context, task *zeroq.Task) error {
	var data thumbnailData
	if err := decode(task, &data); err != nil {
		return err
	}
	encode, err := data.check()
	if err != nil {
		return refuse(task, err)
	}
	src, err := t.read(ctx, data.Source)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	size := fit(src.Bounds().Size(), image.Pt(data.Width, data.Height))
	dst := image.NewRGBA(image.Rectangle{Max: size})
	encode.prepare(dst)
	if err := scale(ctx, dst, src); err != nil {
		return err
	}
	bytes, err := t.folder.write(data.Target, func(w io.Writer) error { return encode.write(w, dst) })
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return zeroq.SetResult(ctx, thumbnailResult{Width: size.X, Height: size.Y, Bytes: bytes})
}

// check reports what is wrong with the data, or the format of the target.
func (d thumbnailData) check() (format, error) {
	encode, known := formats[strings.ToLower(path.Ext(d.Target))]
	switch {
	case !filepath.IsLocal(d.Source):
		return encode, fmt.Errorf("source %q: must be a path within the folder", d.Source)
	case !filepath.IsLocal(d.Target):
		return encode, fmt.Errorf("target %q: must be a path within the folder", d.Target)
	case !known:
		return encode, fmt.Errorf("target %q: must end in .jpg, .jpeg or .png", d.Target)
	case min(d.Width, d.Height) < 1 || max(d.Width, d.Height) > maxSide:
		return encode, fmt.Errorf("width and height: must be 1 to %d", maxSide)
	}
	return encode, nil
}
