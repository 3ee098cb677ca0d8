package session

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Group makes a command of commands.
func Group(command *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	command.SuggestionsMinimumDistance = 2 // letters that differ, as cobra has it for the root
	command.RunE = func(command *cobra.Command, args []string) error {
		if len(args) > 0 {
			text := fmt.Sprintf("unknown command %q for %q", args[0], command.CommandPath())
			if names := command.SuggestionsFor(args[0]); len(names) > 0 {
				text += "\n\nDid you mean this?\n\t" + strings.Join(names, "\n\t")
			}
			return Usage(errors.New(text))
		}
		return command.Help()
	}
	command.AddCommand(commands...)
	return command
}
