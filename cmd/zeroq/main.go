// Command zeroq runs zeroq: all in one for trying it out, or its API and consumer apart. It is also what
// people and scripts use on a running API.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/bench"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/dead"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/dev"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/enqueue"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/queue"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/schedule"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/task"
	consumer "github.com/zeroq-dev/zeroq/consumer/app"

	api "github.com/zeroq-dev/zeroq/api/app"
)

func main() { os.Exit(execute(root())) }

// helpWidth is how many columns the help needs at most.
const helpWidth = "80"

// The groups of commands in the help.
const (
	running  = "running"
	tasks    = "tasks"
	queues   = "queues"
	followUp = "followup"
)

func root() *cobra.Command {
	root := &cobra.Command{
		Use:           "zeroq",
		Short:         "A distributed task queue on Redis lists",
		Version:       version(debug.ReadBuildInfo()),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddGroup(
		&cobra.Group{ID: running, Title: "To run zeroq:"},
		&cobra.Group{ID: tasks, Title: "Tasks:"},
		&cobra.Group{ID: queues, Title: "Queues:"},
		&cobra.Group{ID: followUp, Title: "Dead letters and schedules:"},
	)
	add(root, running,
		dev.Command(),
		service("api", "Run the HTTP API", "etc/api.yaml", api.Run),
		service("consumer", "Run the stock consumer", "etc/consumer.yaml", consumer.Run),
		healthcheck(),
		bench.Command(version(debug.ReadBuildInfo())),
	)
	add(root, tasks, enqueue.Command())
	add(root, tasks, task.Commands()...)
	add(root, queues, queue.Commands()...)
	add(root, followUp, dead.Command(), schedule.Command())
	root.SetFlagErrorFunc(session.FlagError)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped "+helpWidth))
	nameArguments(root)
	return root
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, command := range commands {
		command.GroupID = group
	}
	root.AddCommand(commands...)
}

// execute runs the command line and returns what to exit with.
func execute(root *cobra.Command) int {
	ran := false
	note(root, &ran)
	err := root.Execute()
	if err != nil && !ran { // cobra found the command line wrong
		err = session.Usage(err)
	}
	if err != nil && session.Line(err) != "" {
		fmt.Fprintln(root.ErrOrStderr(), "zeroq:", session.Message(err))
	}
	return session.Code(err)
}

// note notes when any of the commands runs.
func note(command *cobra.Command, ran *bool) {
	for _, c := range command.Commands() {
		note(c, ran)
	}
	if run := command.RunE; run != nil {
		command.RunE = func(command *cobra.Command, args []string) error {
			*ran = true
			return run(command, args)
		}
	}
}

// service is a command that runs a service with a configuration file.
func service(name, short, file string, run func(string) error) *cobra.Command {
	command := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return run(file) },
	}
	command.Flags().StringVarP(&file, "config", "f", file, "the config file")
	return command
}
