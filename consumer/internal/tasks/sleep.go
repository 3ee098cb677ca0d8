package tasks

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroq-dev/zeroq"
)

// sleepData is the data of a task "sleep".
type sleepData struct {
	// For is how long to sleep, such as "1m30s".
	For string `json:"for"`
}

// sleep does nothing for a while. It ends early, with its cause, when ctx does.
func sleep(ctx context.Context, task *zeroq.Task) error {
	var data sleepData
	if err := decode(task, &data); err != nil {
		return err
	}
	duration, err := time.ParseDuration(data.For)
	if err != nil || duration < 0 {
		return refuse(task, fmt.Errorf(`for %q: must be a duration such as "2s"`, data.For))
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
