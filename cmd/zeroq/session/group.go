package session

import "github.com/spf13/cobra"

// Group makes a command of commands.
func Group(command *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	command.RunE = func(command *cobra.Command, args []string) error {
		if len(args) > 0 {
			return Usagef("unknown command %q for %q", args[0], command.CommandPath())
		}
		return command.Help()
	}
	command.AddCommand(commands...)
	return command
}
