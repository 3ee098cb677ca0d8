// Package dev is the command "zeroq dev": API, consumer and a Redis in one process.
package dev

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

// options are what the command line says.
type options struct {
	host        string
	port        int
	redis       string
	data        string
	images      string
	concurrency int
	allow       []string
}

// Command returns the command.
func Command() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "dev",
		Short: "Run API and consumer, with a Redis of their own if need be",
		Long: `Run API and consumer in one process.

Tasks are kept in the Redis that --redis or ZEROQ_REDIS names. Without one, a
redis-server found on PATH is run on a private socket, with its data in --data,
so that tasks survive a restart. Without that, tasks live in this process's
memory only.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return run(command.Context(), o, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.host, "host", "127.0.0.1", "where the API listens")
	flags.IntVar(&o.port, "port", 8888, "where the API listens; 0 takes any free port")
	flags.StringVar(&o.redis, "redis", os.Getenv("ZEROQ_REDIS"), "a Redis to use: host:port, redis://…, rediss://… or unix://…")
	flags.StringVar(&o.data, "data", "data", "the folder of this command's own Redis")
	flags.StringVar(&o.images, "images", "", "the folder that image.thumbnail works in (default images in --data)")
	flags.IntVar(&o.concurrency, "concurrency", 10, "how many tasks run at once")
	flags.StringSliceVar(&o.allow, "allow-network", nil, "private networks that http.request may call, such as 127.0.0.0/8")
	return command
}

// maxConcurrency is the most that a pool takes.
const maxConcurrency = 10_000

func (o *options) check() error {
	switch {
	case o.port < 0 || o.port > 65535:
		return session.Usagef("--port must be 0 to 65535")
	case o.concurrency < 1 || o.concurrency > maxConcurrency:
		return session.Usagef("--concurrency must be 1 to %d", maxConcurrency)
	}
	return nil
}
