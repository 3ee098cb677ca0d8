package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// nameArguments has the commands say which argument is missing, or that there are too many.
func nameArguments(command *cobra.Command) {
	for _, c := range command.Commands() {
		nameArguments(c)
	}
	check := command.Args
	if check == nil {
		return
	}
	command.Args = func(command *cobra.Command, args []string) error {
		if check(command, args) == nil {
			return nil
		}
		_, rest, _ := strings.Cut(command.Use, " ")
		usage := strings.TrimSpace(command.CommandPath() + " " + rest)
		if names := required(rest); len(args) < len(names) {
			return fmt.Errorf("%s is missing: %s", names[len(args)], usage)
		}
		return fmt.Errorf("%q is one argument too many: %s", args[len(args)-1], usage)
	}
}

// required are the names of the arguments that a command cannot do without.
func required(usage string) (names []string) {
	for _, word := range strings.Fields(usage) {
		if word[0] < 'A' || word[0] > 'Z' {
			break
		}
		names = append(names, strings.TrimSuffix(word, "…"))
	}
	return names
}
