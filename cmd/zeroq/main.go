// Command zeroq runs zeroq: all in one for trying it out, or its API and consumer apart.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/dev"
	consumer "github.com/zeroq-dev/zeroq/consumer/app"

	api "github.com/zeroq-dev/zeroq/api/app"
)

func main() {
	root := &cobra.Command{
		Use:           "zeroq",
		Short:         "A distributed task queue on Redis lists",
		Version:       version(debug.ReadBuildInfo()),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		dev.Command(),
		service("api", "Run the HTTP API", "etc/api.yaml", api.Run),
		service("consumer", "Run the stock consumer", "etc/consumer.yaml", consumer.Run),
		healthcheck(),
	)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "zeroq:", err)
		os.Exit(1)
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
