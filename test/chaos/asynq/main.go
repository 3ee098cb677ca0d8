//go:build linux

// Command asynq plays the processes of a chaos run on github.com/hibiken/asynq: the same plans, deeds
// and ledgers as those of zeroq, so that both can be judged alike. It is a module of its own, so that
// the product does not depend on its peer.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hibiken/asynq"

	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// taskType is that of all tasks.
const taskType = "deed"

var (
	errNoPlan    = errors.New(plan.Env + " holds no plan")
	errNotInPeer = errors.New("asynq cannot do what the plan says")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chaos asynq:", err)
		os.Exit(1)
	}
}

// run does what the plan says, until that is done or ctx ends.
func run(ctx context.Context, out io.Writer) error {
	p, ok, err := plan.Read()
	switch {
	case err != nil:
		return err
	case !ok:
		return errNoPlan
	case p.Role == plan.Final:
		return final(p, out)
	}
	if err := possible(p); err != nil {
		return err
	}
	log, err := ledger.Open(p.Folder, p.Process)
	if err != nil {
		return err
	}
	defer log.Close()
	if p.Role == plan.Worker {
		return work(ctx, p, log)
	}
	return produce(ctx, p, log)
}

// possible fails for a plan that asynq would not follow. What a plan asks for only where the system
// can is not looked at.
func possible(p plan.Plan) error {
	wrong := ""
	switch {
	case p.Role != plan.Worker && p.Role != plan.Producer:
		wrong = "role " + p.Role
	case p.Work.Lease != 0:
		wrong = "a lease other than its own"
	case p.Work.Blind:
		wrong = "a blind worker"
	case p.Role == plan.Producer && p.Load.Way != plan.Direct:
		wrong = "way " + p.Load.Way
	case p.Load.Keys != 0:
		wrong = "unique keys"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", errNotInPeer, wrong)
}

// network is how to reach addr: a host:port, or the path of a socket.
func network(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}

// connection is asynq's own way to Redis, with its defaults.
func connection(addr string) asynq.RedisClientOpt {
	return asynq.RedisClientOpt{Network: network(addr), Addr: addr}
}
