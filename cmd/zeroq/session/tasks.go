package session

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
)

// pageTasks is the most tasks that are asked for, and shown, at a time.
const pageTasks = 200

// PageFlags are the flags of a list of tasks.
func PageFlags(command *cobra.Command, query *zeroq.TaskQuery) {
	flags := command.Flags()
	flags.StringVar(&query.Type, "type", "", "only tasks of this type")
	flags.IntVar(&query.Limit, "limit", 50, "the most tasks to list; 0 lists all")
	flags.StringVar(&query.Cursor, "cursor", "", "go on where a list ended")
}

// Tasks writes the tasks of a query, as they come; a Limit of zero is all. none is what people are told
// if there are none at all.
func (s *Session) Tasks(ctx context.Context, query zeroq.TaskQuery, none string) error {
	if query.Limit < 0 {
		return Usagef("--limit must not be negative")
	}
	left, all, header, begun := query.Limit, query.Limit == 0, true, query.Cursor != ""
	for all || left > 0 {
		query.Limit = pageTasks
		if !all {
			query.Limit = min(left, pageTasks)
		}
		page, err := s.API.Tasks(ctx, query)
		if err != nil {
			return err
		}
		err = s.Write(func() {
			switch {
			case len(page.Tasks) > 0:
				s.tasks(query.State, page.Tasks, header)
				header = false
			case header && !begun && page.Next == "":
				s.Say("%s", none)
			}
		})
		if err != nil || page.Next == "" {
			return err
		}
		if page.Next == query.Cursor {
			return fmt.Errorf("the page of cursor %s leads nowhere", page.Next)
		}
		left -= len(page.Tasks)
		query.Cursor = page.Next
	}
	s.Say("there are more: --cursor %s", query.Cursor)
	return nil
}

// tasks writes a page of tasks, which are in one state.
func (s *Session) tasks(state zeroq.State, infos []*zeroq.TaskInfo, header bool) {
	name, at := "ENQUEUED", func(t *zeroq.TaskInfo) time.Time { return t.EnqueuedAt }
	switch {
	case state == zeroq.Scheduled || state == zeroq.Retry:
		name, at = "NEXT RUN", func(t *zeroq.TaskInfo) time.Time { return t.NextRunAt }
	case state == zeroq.Leased:
		name, at = "STARTED", func(t *zeroq.TaskInfo) time.Time { return t.StartedAt }
	case state.Finished():
		name, at = "FINISHED", func(t *zeroq.TaskInfo) time.Time { return t.FinishedAt }
	}
	rows := make([][]any, len(infos))
	for i, t := range infos {
		rows[i] = []any{t.ID, t.Type, fmt.Sprintf("%d/%d", t.Attempt, t.MaxAttempts), s.Ago(at(t)), t.Error}
	}
	head := []string{"ID", "TYPE", "ATTEMPT", name, "ERROR"}
	if !header {
		head = nil
	}
	s.Table(head, rows)
}
