package tasks

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func TestRegister_ConfDecidesWhichHandlersThereAre(t *testing.T) {
	t.Parallel()
	folder := ThumbnailConf{Folder: t.TempDir()}
	for name, test := range map[string]struct {
		conf Conf
		want []string
	}{
		"zero":   {Conf{}, []string{"http.request"}},
		"folder": {Conf{Thumbnail: folder}, []string{"http.request", "image.thumbnail"}},
		"trial":  {Conf{Trial: true}, []string{"echo", "fail", "http.request", "sleep"}},
		"all":    {Conf{Thumbnail: folder, Trial: true}, []string{"echo", "fail", "http.request", "image.thumbnail", "sleep"}},
	} {
		t.Run(name, func(t *testing.T) {
			mux := zeroq.NewMux()
			closer, err := Register(mux, test.conf)
			mustSucceed(t, err)
			if got := registered(mux); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			mustSucceed(t, closer.Close())
		})
	}
}

// registered returns the types of the registry that the mux has a route for.
func registered(mux *zeroq.Mux) []string {
	types := make(map[string]bool)
	for _, entry := range registry {
		if _, found := mux.Route(entry.taskType); found {
			types[entry.taskType] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

func TestRegister_ReportsBadConf(t *testing.T) {
	t.Parallel()
	closer, err := Register(zeroq.NewMux(), Conf{HTTP: HTTPConf{Timeout: -1}})
	mustFail(t, err, "Tasks.HTTP.Timeout")
	mustSucceed(t, closer.Close())
}

func TestRegister_ReportsMissingFolder(t *testing.T) {
	t.Parallel()
	closer, err := Register(zeroq.NewMux(), Conf{Thumbnail: ThumbnailConf{Folder: filepath.Join(t.TempDir(), "none")}})
	mustFail(t, err, "handler of image.thumbnail: Tasks.Thumbnail.Folder")
	mustSucceed(t, closer.Close())
}

// closable is a handler with something to close.
type closable struct{ closed int }

func (c *closable) Handle(context.Context, *zeroq.Task) error { return nil }

func (c *closable) Close() error {
	c.closed++
	return errCalledOff
}

func TestRegister_ClosesEveryHandlerOnce(t *testing.T) {
	t.Parallel()
	first, second := new(closable), new(closable)
	closer, err := register(zeroq.NewMux(), Conf{}, []entry{{"first", always(first)}, {"second", always(second)}})
	mustSucceed(t, err)
	mustFail(t, closer.Close(), errCalledOff.Error())
	if first.closed != 1 || second.closed != 1 {
		t.Errorf("closed %d and %d times", first.closed, second.closed)
	}
}

func TestRegister_ClosesWhatItMadeWhenALaterHandlerFails(t *testing.T) {
	t.Parallel()
	first := new(closable)
	broken := func(Conf) (zeroq.Handler, error) { return nil, errors.New("no disk") }
	closer, err := register(zeroq.NewMux(), Conf{}, []entry{{"first", always(first)}, {"second", broken}})
	mustFail(t, err, "handler of second: no disk")
	mustSucceed(t, closer.Close())
	if first.closed != 1 {
		t.Errorf("closed %d times", first.closed)
	}
}
