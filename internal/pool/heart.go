package pool

import (
	"context"
	"errors"
	"time"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/backoff"
)

// beat renews a lane's lease until ctx ends. A lease that is over, or that could not be renewed for
// as long as it lasts, ends the handlers that rely on it.
func beat(ctx context.Context, l *lane, lease time.Duration) {
	errs := backoff.Backoff{What: "heartbeat of queue " + l.queue.Name}
	good := time.Now()
	for wait := lease / 4; backoff.Pause(ctx, wait); {
		sent, mark := time.Now(), l.mark()
		call, cancel := context.WithTimeout(ctx, lease/4)
		err := l.member.Beat(call)
		cancel()
		wait = max(lease/4-time.Since(sent), 0)
		switch {
		case err == nil:
			errs.Worked()
			good = sent
		case ctx.Err() != nil:
			return
		case errors.Is(err, zeroq.ErrLeaseLost):
			logx.Errorf("queue %s: lease lost; its tasks belong to other workers", l.queue.Name)
			l.lost(mark, nil)
			good = time.Now()
		default:
			wait = min(wait, errs.Failed(err))
			if time.Since(good) >= lease {
				logx.Errorf("queue %s: no heartbeat for %v; its tasks are given up", l.queue.Name, lease)
				l.lost(mark, l.member.Abandon)
				good = time.Now()
			}
		}
	}
}
