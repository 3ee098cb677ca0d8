// Command thumbnails makes a thousand thumbnails of the images that come with Go. It copies them into
// the folder that image.thumbnail works in, enqueues the tasks in one batch over HTTP, waits for all,
// and looks at every file:
//
//	zeroq dev --images /tmp/images &
//	go run ./examples/thumbnails -images /tmp/images
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	_ "image/jpeg" // for image.DecodeConfig
	_ "image/png"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
)

// box is what a thumbnail fits into, in pixels.
const box = 64

// waiters is how many tasks are waited for at the same time.
const waiters = 16

func main() {
	var s shoot
	flag.StringVar(&s.url, "url", "http://127.0.0.1:8888", "the API")
	flag.StringVar(&s.folder, "images", "data/images", "the folder that image.thumbnail works in")
	flag.IntVar(&s.count, "n", 1000, "how many thumbnails to make")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	summary, err := s.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "thumbnails:", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

// shoot is one run.
type shoot struct {
	url    string
	folder string
	count  int
}

// thumbnail is the data of a task, as image.thumbnail wants it.
type thumbnail struct {
	Source string `json:"source"`
	Target string `json:"target"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// run makes the thumbnails and returns what to say about it.
func (s shoot) run(ctx context.Context) (string, error) {
	sources, err := s.copyImages(ctx)
	if err != nil {
		return "", err
	}
	targets := filepath.Join(s.folder, "thumbnails")
	if err := os.RemoveAll(targets); err != nil { // so that no file of an earlier run is counted
		return "", err
	}
	c, err := client.New(s.url)
	if err != nil {
		return "", err
	}
	began := time.Now()
	result, err := c.EnqueueBatch(ctx, s.tasks(sources))
	if err != nil {
		return "", err
	}
	if result.Rejected > 0 || result.Err != nil || result.Accepted != s.count {
		return "", fmt.Errorf("%d of %d tasks are in: %v", result.Accepted, s.count, result.Err)
	}
	enqueued := time.Since(began)
	if err := waitAll(ctx, c, result.Items); err != nil {
		return "", err
	}
	finished := time.Since(began)
	if err := s.look(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d tasks of %d images succeeded and %d thumbnails are on disk: enqueued in %.2f s, finished after %.2f s",
		s.count, len(sources), s.count, enqueued.Seconds(), finished.Seconds()), nil
}

// copyImages copies the images of the Go toolchain that are whole into the folder, and returns their
// paths within it.
func (s shoot) copyImages(ctx context.Context) ([]string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	from := filepath.Join(strings.TrimSpace(string(root)), "src", "image", "testdata")
	if err := os.MkdirAll(filepath.Join(s.folder, "sources"), 0o755); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(from)
	if err != nil {
		return nil, err
	}
	var sources []string
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(from, file.Name()))
		if err != nil {
			return nil, err
		}
		if _, kind, err := image.Decode(strings.NewReader(string(content))); err != nil || kind == "gif" {
			continue // some are broken on purpose
		}
		source := path.Join("sources", file.Name())
		if err := os.WriteFile(filepath.Join(s.folder, source), content, 0o644); err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s has no images", from)
	}
	return sources, nil
}

// target is the path of a thumbnail within the folder.
func target(i int) string { return fmt.Sprintf("thumbnails/%04d.jpg", i) }

func (s shoot) tasks(sources []string) iter.Seq[*zeroq.Task] {
	return func(yield func(*zeroq.Task) bool) {
		for i := range s.count {
			data := thumbnail{Source: sources[i%len(sources)], Target: target(i), Width: box, Height: box}
			if !yield(zeroq.NewTask("image.thumbnail", data, zeroq.Timeout(time.Minute))) {
				return
			}
		}
	}
}

// waitAll returns when every task has succeeded, or one has not.
func waitAll(ctx context.Context, c *client.Client, items []client.BatchItem) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ids := make(chan string)
	var group sync.WaitGroup
	for range waiters {
		group.Go(func() {
			for id := range ids {
				if err := wait(ctx, c, id); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		ids <- item.ID
	}
	close(ids)
	group.Wait()
	return context.Cause(ctx)
}

func wait(ctx context.Context, c *client.Client, id string) error {
	task, err := c.Wait(ctx, id, "")
	if err != nil {
		return fmt.Errorf("task %s: %w", id, err)
	}
	if task.State != zeroq.Succeeded {
		return fmt.Errorf("task %s is %s: %s", id, task.State, task.Error)
	}
	return nil
}

// look checks that every thumbnail is there, is an image and fits into the box.
func (s shoot) look() error {
	for i := range s.count {
		if err := fits(filepath.Join(s.folder, target(i))); err != nil {
			return err
		}
	}
	return nil
}

func fits(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	config, _, err := image.DecodeConfig(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if config.Width > box || config.Height > box || max(config.Width, config.Height) < box {
		return fmt.Errorf("%s is %d x %d pixels, want %d at the longer side", name, config.Width, config.Height, box)
	}
	return nil
}
