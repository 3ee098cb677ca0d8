package bench

import (
	"fmt"
	"io"
	"os"

	"github.com/zeromicro/go-zero/core/logx"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/contender"
)

// play has this process be a contender.
func play(name, config string, in io.Reader, out io.Writer, version string) error {
	logx.SetWriter(logx.NewWriter(os.Stderr)) // stdout is for the answer
	logx.SetLevel(logx.ErrorLevel)
	redisq.LogClient()
	switch name {
	case "zeroq":
		return contender.Answer(in, out, "zeroq "+version, contender.Carry(openOurs))
	case "redis":
		return contender.Answer(in, out, contender.Library("go-redis", "github.com/redis/go-redis/v9"), contender.Carry(openPlain))
	case "post":
		return contender.Answer(in, out, "", post)
	case "bare":
		return bare(config)
	}
	return session.Usage(fmt.Errorf("there is no contender %q", name))
}
