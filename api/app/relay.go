package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/google/uuid"

	"github.com/zeroq-dev/zeroq/internal/broker/carried"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
)

// openBroker opens Redis and the carriers of the relays, and returns what moves tasks to them. Each runs until
// its context ends.
func openBroker(conf Conf) (*carried.Broker, []func(ctx context.Context), error) {
	redis, err := redisq.Open(conf.Redis)
	if err != nil {
		return nil, nil, err
	}
	named := make(map[string]string)
	for _, r := range conf.Relays {
		named[r.Queue] = r.Broker
	}
	byQueue, err := carriers.Open(carriers.Complete(conf.Brokers), named, carriers.Dial)
	if err != nil {
		return nil, nil, errors.Join(err, redis.Close())
	}
	b, owner := carried.New(redis, byQueue), relayOwner()
	var relays []func(ctx context.Context)
	for queue := range byQueue {
		relays = append(relays, func(ctx context.Context) { b.Relay(ctx, queue, owner) })
	}
	return b, relays, nil
}

// relayOwner tells the relays of this API from those of workers and of other APIs.
func relayOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("api-%s-%d-%s", host, os.Getpid(), uuid.NewString()[:8])
}
