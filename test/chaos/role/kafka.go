//go:build linux

package role

import (
	"context"
	"os/signal"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/zeroq-dev/zeroq/internal/kafkatest"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// playKafka serves Kafka's protocol until SIGTERM. What it has acknowledged is in files by then, so that it
// can be killed and started again.
func playKafka(p plan.Plan) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cluster, err := kfake.NewCluster(
		kfake.Ports(p.Ports...), kfake.DataDir(p.Folder), kfake.GroupMinSessionTimeout(time.Second),
		kfake.ListenFn(kafkatest.Listen),
	)
	if err != nil {
		return err
	}
	<-ctx.Done()
	cluster.Close()
	return nil
}
