// Command consumer runs the stock handlers on tasks.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq/consumer/app"
)

var configFile = flag.String("f", "etc/consumer.yaml", "the config file")

func main() {
	flag.Parse()
	if err := app.Run(*configFile); err != nil {
		fmt.Fprintln(os.Stderr, "zeroq consumer:", err)
		os.Exit(1)
	}
}
