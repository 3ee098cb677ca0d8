package queue

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

func workers() *cobra.Command {
	var running bool
	command := &cobra.Command{
		Use: "workers", Short: "List the live workers", Args: cobra.NoArgs,
	}
	command.Flags().BoolVar(&running, "running", false, "list the tasks that they run")
	return session.New(command, func(ctx context.Context, s *session.Session, _ []string) error {
		infos, err := s.API.Workers(ctx)
		if err != nil {
			return err
		}
		return s.Write(func() {
			if running {
				listRunning(s, infos)
				return
			}
			listWorkers(s, infos)
		})
	})
}

// listWorkers leaves out host and process, as the id of a worker begins with them.
func listWorkers(s *session.Session, infos []zeroq.WorkerInfo) {
	rows := make([][]any, len(infos))
	for i, w := range infos {
		var stuck any = 0
		if n := countStuck(w.Running); n > 0 {
			stuck = n
		}
		rows[i] = []any{
			w.ID, len(w.Running), w.Slots, stuck, s.Ago(w.StartedAt), s.Ago(w.LastHeartbeat),
			strings.Join(w.Queues, ","),
		}
	}
	s.Table([]string{"WORKER", "BUSY", "SLOTS", "STUCK", "STARTED", "SEEN", "QUEUES"}, rows)
}

func countStuck(tasks []zeroq.RunningTask) int {
	n := 0
	for _, t := range tasks {
		if t.Stuck {
			n++
		}
	}
	return n
}

func listRunning(s *session.Session, infos []zeroq.WorkerInfo) {
	var rows [][]any
	for _, w := range infos {
		for _, t := range w.Running {
			var stuck session.Painted
			if t.Stuck {
				stuck = s.Warn("stuck")
			}
			rows = append(rows, []any{t.ID, t.Type, t.Attempt, s.Ago(t.StartedAt), w.ID, stuck})
		}
	}
	s.Table([]string{"TASK", "TYPE", "ATTEMPT", "STARTED", "WORKER", ""}, rows)
}
