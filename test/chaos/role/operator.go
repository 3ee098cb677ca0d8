//go:build linux

package role

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/client"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

// recent is how long ago the tasks were sent that an operator calls off: some have a delay as long.
const recent = 3 * time.Second

// operate calls tasks off until their producer should have sent all, or SIGTERM.
func operate(p plan.Plan) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	log, err := ledger.Open(p.Folder, p.Process)
	if err != nil {
		return err
	}
	defer log.Close()
	api, err := client.New(p.Call.URL, client.WithHTTPClient(&http.Client{Timeout: answerWithin}))
	if err != nil {
		return err
	}
	log.Add(ledger.Record{Kind: ledger.Up})
	random, began := rand.New(rand.NewPCG(p.Call.Seed, p.Call.First)), time.Now()
	for time.Since(began) < p.Call.Over {
		pause(ctx, time.Duration(float64(time.Second)/p.Call.Rate))
		if ctx.Err() != nil {
			return nil
		}
		age := time.Duration(random.Int64N(int64(recent)))
		if sent := time.Since(began) - age; sent > 0 {
			n := p.Call.First + uint64(float64(p.Call.Count)*sent.Seconds()/p.Call.Over.Seconds())
			callOff(ctx, api, p.Queue, n, log)
		}
	}
	log.Add(ledger.Record{Kind: ledger.Down})
	return nil
}

// callOff calls one task off. Only the answer that it is cancelled says that it will not start any more:
// there may be no such task yet or any more, or it runs, or nobody answers.
func callOff(ctx context.Context, api *client.Client, queue string, n uint64, log *ledger.Log) {
	log.Add(ledger.Record{Kind: ledger.Calling, Task: n})
	switch state, err := api.Cancel(ctx, plan.ID(n), queue); {
	case err != nil:
		fmt.Println("not called off:", n, err)
	case state == zeroq.Cancelled:
		log.Add(ledger.Record{Kind: ledger.CalledOff, Task: n})
	}
}
