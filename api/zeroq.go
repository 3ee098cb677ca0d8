// Code scaffolded by goctl. Safe to edit.
// goctl 1.10.2

// Command api is the HTTP API of zeroq.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq/api/app"
)

var configFile = flag.String("f", "etc/api.yaml", "the config file")

func main() {
	flag.Parse()
	if err := app.Run(*configFile); err != nil {
		fmt.Fprintln(os.Stderr, "zeroq api:", err)
		os.Exit(1)
	}
}
