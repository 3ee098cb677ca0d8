package redisq

import (
	"context"

	"github.com/redis/go-redis/v9"
	"github.com/zeromicro/go-zero/core/logx"
)

// LogClient sends what go-redis has to say about each connection to the log at level debug, for the
// whole process: whatever fails because of it says so itself, once.
func LogClient() { redis.SetLogger(clientLog{}) }

type clientLog struct{}

// Printf implements go-redis's logger.
func (clientLog) Printf(_ context.Context, format string, args ...any) { logx.Debugf(format, args...) }
