package redisq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/zeroq-dev/zeroq"
)

// Announce implements [broker.Registry].
func (b *Broker) Announce(ctx context.Context, worker zeroq.WorkerInfo, ttl time.Duration) error {
	worker.LastHeartbeat = b.clock.now()
	raw, err := json.Marshal(worker)
	if err != nil {
		return fmt.Errorf("worker %s: %w", worker.ID, err)
	}
	until := float64(worker.LastHeartbeat.Add(ttl).UnixMilli())
	_, err = b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, keyWorker+worker.ID, raw, ttl)
		p.ZAdd(ctx, keyWorkers, redis.Z{Score: until, Member: worker.ID})
		p.ZRemRangeByScore(ctx, keyWorkers, "-inf", strconv.FormatInt(worker.LastHeartbeat.UnixMilli(), 10))
		return nil
	})
	return explainNil(err)
}

// Retire implements [broker.Registry].
func (b *Broker) Retire(ctx context.Context, id string) error {
	_, err := b.calls.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRem(ctx, keyWorkers, id)
		p.Del(ctx, keyWorker+id)
		return nil
	})
	return explainNil(err)
}

// Workers implements [broker.Inspector].
func (b *Broker) Workers(ctx context.Context) ([]zeroq.WorkerInfo, error) {
	ids, err := b.calls.ZRange(ctx, keyWorkers, 0, -1).Result()
	if err != nil {
		return nil, explain(err)
	}
	slices.Sort(ids)
	workers := make([]zeroq.WorkerInfo, 0, len(ids))
	for _, id := range ids {
		worker, err := b.worker(ctx, id)
		if errors.Is(err, zeroq.ErrNotFound) {
			continue // it went between the two looks
		}
		if err != nil {
			return nil, err
		}
		workers = append(workers, worker)
	}
	return workers, nil
}

func (b *Broker) worker(ctx context.Context, id string) (worker zeroq.WorkerInfo, err error) {
	raw, err := b.calls.Get(ctx, keyWorker+id).Bytes()
	if errors.Is(err, redis.Nil) {
		return worker, zeroq.ErrNotFound
	}
	if err != nil {
		return worker, explain(err)
	}
	if err := json.Unmarshal(raw, &worker); err != nil {
		return worker, fmt.Errorf("worker %s: %w", id, err)
	}
	return worker, nil
}
