package session

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wanted says what a flag of a type takes.
var wanted = map[string]string{
	"bool":           "true or false",
	"duration":       "a duration such as 30s",
	OptionalDuration: "a duration such as 30s",
	"float64":        "a number",
	"int":            "an integer",
}

// OptionalDuration is the type of a flag that may have a duration. The help shows one of the name like a
// bool, without the value that it has if none is given.
const OptionalDuration = "boolfunc"

// FlagError says what is wrong with a flag, in the words of the command line.
func FlagError(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag := invalid.GetFlag()
	want, ok := wanted[flag.Value.Type()]
	if !ok {
		return err
	}
	return fmt.Errorf("--%s %q: want %s", flag.Name, invalid.GetValue(), want)
}
