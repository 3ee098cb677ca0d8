package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// options are what the command line says of a schedule.
type options struct {
	file string

	spec, timezone, overlap, catchUp  string
	typ, data, queue, priority, group string
	jitter                            time.Duration
	maxAttempts                       int
	paused                            bool
}

func put() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "put NAME (--spec SPEC --type TYPE | --file FILE|-)",
		Short: "Make or replace a schedule",
		Long: `Make a schedule, or replace the one of the name. A file has it as JSON, in the
form in which "zeroq schedules get NAME --json" writes it: what is known of its
past is left aside.`,
		Example: `  zeroq schedules put nightly --spec "0 3 * * *" --type report
  zeroq schedules get nightly --json | zeroq schedules put hourly --file -`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: session.ScheduleNames,
	}
	flags := command.Flags()
	flags.StringVar(&o.file, "file", "", `a file with the schedule, "-" for stdin, in place of the flags`)
	flags.StringVar(&o.spec, "spec", "", `when: "0 3 * * *", @hourly, "@every 90s"`)
	flags.StringVar(&o.timezone, "timezone", "", "the zone of --spec, such as Europe/Oslo (default UTC)")
	flags.DurationVar(&o.jitter, "jitter", 0, "delay each task by a random time up to this")
	flags.StringVar(&o.overlap, "overlap", "", "allow (the default), or skip while the last task has not finished")
	flags.StringVar(&o.catchUp, "catch-up", "", "which missed times to make up for: none (the default), last or all")
	flags.StringVar(&o.typ, "type", "", "the type of its task")
	flags.StringVar(&o.data, "data", "", "the data of its task, as JSON (default null)")
	flags.StringVar(&o.queue, "queue", "", `the queue of its task, without it "`+zeroq.DefaultQueue+`"`)
	flags.StringVar(&o.priority, "priority", "", "high, normal or low")
	flags.StringVar(&o.group, "group", "", "the group of its task; needs a broker that keeps order")
	flags.IntVar(&o.maxAttempts, "max-attempts", 0, "how often its task may start")
	flags.BoolVar(&o.paused, "paused", false, "let its times pass without a task until it is resumed")
	return session.New(command, func(ctx context.Context, s *session.Session, args []string) error {
		schedule, err := o.schedule(s.In)
		if err != nil {
			return session.Usage(err)
		}
		schedule.Name = args[0]
		saved, created, err := s.API.PutSchedule(ctx, schedule)
		if err != nil {
			return err
		}
		return s.Write(func() {
			became := "is replaced"
			if created {
				became = "is made"
			}
			fmt.Fprintf(s.Out, "schedule %s %s; next: %s\n", saved.Name, became, next(s, saved))
		})
	})
}

func (o *options) schedule(stdin io.Reader) (zeroq.Schedule, error) {
	if o.file != "" {
		return o.read(stdin)
	}
	switch {
	case o.spec == "" || o.typ == "":
		return zeroq.Schedule{}, fmt.Errorf("a schedule needs --spec and --type, or --file")
	case o.data != "" && !json.Valid([]byte(o.data)):
		return zeroq.Schedule{}, fmt.Errorf(`--data is no JSON; a text has quotes of its own: '"text"'`)
	}
	return zeroq.Schedule{
		Spec: o.spec, Timezone: o.timezone, Jitter: o.jitter, Paused: o.paused,
		Overlap: zeroq.Overlap(o.overlap), CatchUp: zeroq.CatchUp(o.catchUp),
		Task: &zeroq.Task{
			Type: o.typ, Data: []byte(o.data), Queue: o.queue,
			Priority: zeroq.Priority(o.priority), Group: o.group, MaxAttempts: o.maxAttempts,
		},
	}, nil
}

// read reads a schedule from the file.
func (o *options) read(stdin io.Reader) (zeroq.Schedule, error) {
	if o.spec != "" || o.typ != "" {
		return zeroq.Schedule{}, fmt.Errorf("--file stands in place of --spec and --type")
	}
	var text []byte
	var err error
	if o.file == "-" {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(o.file)
	}
	if err != nil {
		return zeroq.Schedule{}, err
	}
	schedule, err := client.ParseSchedule(text)
	if err != nil {
		return zeroq.Schedule{}, fmt.Errorf("%s: %w", o.file, err)
	}
	return schedule, nil
}
