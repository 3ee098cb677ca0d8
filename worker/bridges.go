package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/zeroq-dev/zeroq/internal/bridge"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
)

// openBridges opens a carrier for each bridge. It is the bridge's own: one that publishes may be held up by its
// server, and those who only take messages should not be.
func (w *Worker) openBridges() ([]*bridge.Bridge, error) {
	var bridges []*bridge.Bridge
	for i, conf := range w.conf.Bridges {
		server, _ := carriers.Named(w.conf.Brokers, conf.Broker)
		mapping, err := conf.mapping(server)
		if err != nil {
			return nil, errors.Join(err, closeBridges(bridges))
		}
		carrier, err := w.dial(server)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("Bridges[%d].Broker: %w", i, err), closeBridges(bridges))
		}
		bridges = append(bridges, &bridge.Bridge{
			Carrier: carrier, Group: conf.Group, Mapping: mapping, Put: w.broker.Enqueue, Now: w.broker.Now,
		})
	}
	return bridges, nil
}

func closeBridges(bridges []*bridge.Bridge) error {
	var errs []error
	for _, b := range bridges {
		errs = append(errs, b.Carrier.Close())
	}
	return errors.Join(errs...)
}

// addBridges adds a part for each bridge.
func (w *Worker) addBridges(bridges []*bridge.Bridge) {
	for _, b := range bridges {
		w.addPart(func(ctx context.Context) { b.Run(ctx) }, func() { _ = b.Carrier.Close() })
	}
}
