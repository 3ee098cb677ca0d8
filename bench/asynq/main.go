// Command asynq takes part in "zeroq bench" with github.com/hibiken/asynq. It is a module of its own, so that
// the product does not depend on its peer.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

func main() {
	if err := contender.Answer(os.Stdin, os.Stdout, about(), contender.Carry(open)); err != nil {
		fmt.Fprintln(os.Stderr, "bench asynq:", err)
		os.Exit(1)
	}
}

// about names the version that this program was built with.
func about() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "asynq"
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/hibiken/asynq" {
			return "asynq " + dep.Version
		}
	}
	return "asynq"
}
