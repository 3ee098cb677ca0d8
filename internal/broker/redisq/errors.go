package redisq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
)

// away are the beginnings of what Redis answers while it cannot serve: it loads its data, follows
// another master, lost its cluster, or a script runs for too long.
var away = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "UNBLOCKED", "NOREPLICAS", "MISCONF", "ERR max number of clients"}

// explain wraps an error of Redis with its cause in zeroq's words, where it has one.
func explain(err error) error {
	var network net.Error
	text := err.Error()
	if strings.HasPrefix(text, "ERR Error running script") { // before Redis 7 the cause comes last
		_, text, _ = strings.Cut(text, ": -")
	}
	switch {
	case strings.HasPrefix(text, "OOM "):
		return fmt.Errorf("%w: %w", zeroq.ErrStoreFull, err)
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, redis.ErrClosed), errors.Is(err, redis.ErrPoolTimeout),
		errors.Is(err, redis.ErrPoolExhausted), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w: %w", zeroq.ErrUnavailable, err)
	default:
		for _, prefix := range away {
			if strings.HasPrefix(text, prefix) {
				return fmt.Errorf("%w: %w", zeroq.ErrUnavailable, err)
			}
		}
	}
	return err
}
