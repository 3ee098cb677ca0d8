//go:build linux

package role

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// serve is the API as its own program runs it, from a file.
func serve(p plan.Plan) error {
	file := filepath.Join(p.Folder, fmt.Sprintf("api-%d.yaml", p.Process))
	content := fmt.Sprintf("Name: api-%d\nPort: %d\nRedis:\n  Addrs: [%q]\nLog:\n  Mode: console\n  Encoding: plain\n  Stat: false\n",
		p.Process, p.Serve.Port, p.Redis)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		return err
	}
	return app.Run(file)
}
