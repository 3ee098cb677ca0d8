// Package tasks has the stock handlers of the consumer.
//
//   - http.request delivers a webhook.
//   - image.thumbnail scales an image of a folder down.
//   - echo, sleep and fail are for trying zeroq out; see [Conf].Trial.
//
// A handler of one's own is a new file beside these, and one line in the registry.
package tasks

import (
	"errors"
	"fmt"
	"io"

	"github.com/zeroq-dev/zeroq"
)

// registry lists every handler with the type of its tasks.
var registry = []entry{
	{"http.request", newHTTPRequest},
	{"image.thumbnail", newThumbnail},
	{"echo", onTrial(zeroq.HandlerFunc(echo))},
	{"sleep", onTrial(zeroq.HandlerFunc(sleep))},
	{"fail", onTrial(zeroq.HandlerFunc(fail))},
}

// entry is one handler: the type of its tasks, and how it is made. A handler that needs no setting
// is made by always, one that has something to close is an io.Closer.
type entry struct {
	taskType string
	build    factory
}

// factory makes a handler; nil means that the configuration leaves it out.
type factory func(Conf) (zeroq.Handler, error)

// always is the factory of a handler that needs no setting.
func always(handler zeroq.Handler) factory {
	return func(Conf) (zeroq.Handler, error) { return handler, nil }
}

// onTrial is the factory of a handler that has no place in production.
func onTrial(handler zeroq.Handler) factory {
	return func(conf Conf) (zeroq.Handler, error) {
		if !conf.Trial {
			return nil, nil
		}
		return handler, nil
	}
}

// Register puts the handlers that conf asks for on the mux. Close what it returns once no handler
// runs any more; it is never nil. It returns what conf.Validate reports, and an error when the
// folder of the thumbnails cannot be opened; the mux must not be used then.
func Register(mux *zeroq.Mux, conf Conf) (io.Closer, error) {
	return register(mux, conf, registry)
}

func register(mux *zeroq.Mux, conf Conf, entries []entry) (io.Closer, error) {
	var opened closers
	if err := conf.Validate(); err != nil {
		return opened, err
	}
	for _, entry := range entries {
		handler, err := entry.build(conf)
		if err != nil {
			return closers(nil), errors.Join(fmt.Errorf("handler of %s: %w", entry.taskType, err), opened.Close())
		}
		if handler == nil {
			continue
		}
		if closer, ok := handler.(io.Closer); ok {
			opened = append(opened, closer)
		}
		mux.Handle(entry.taskType, handler)
	}
	return opened, nil
}

// closers closes several things as one.
type closers []io.Closer

// Close closes all of them, whatever some answer.
func (c closers) Close() error {
	var errs []error
	for _, closer := range c {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
