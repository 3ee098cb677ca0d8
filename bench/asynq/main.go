// Command asynq takes part in "zeroq bench" with github.com/hibiken/asynq. It is a module of its own, so that
// the product does not depend on its peer.
package main

import (
	"fmt"
	"os"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

func main() {
	if err := contender.Answer(os.Stdin, os.Stdout, contender.Library("asynq", "github.com/hibiken/asynq"), contender.Carry(open)); err != nil {
		fmt.Fprintln(os.Stderr, "bench asynq:", err)
		os.Exit(1)
	}
}
