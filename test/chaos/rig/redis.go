//go:build linux

package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/zeroq-dev/zeroq/internal/redisserver"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
)

// Fsync is when Redis writes its append-only file to disk.
type Fsync string

// When Redis writes.
const (
	Always   Fsync = "always"   // before it answers: what was answered survives kill -9
	Everysec Fsync = "everysec" // once a second: kill -9 alone loses nothing, a power cut up to two seconds
	Never    Fsync = "off"      // there is no such file: a slow disk would be a fault of its own in runs that do nothing to Redis
)

// slack is how long before Redis wrote something to its file it may have been answered.
const slack = 300 * time.Millisecond

// Size is that of the append-only file at a moment.
type Size struct {
	At    ledger.Time
	Bytes int64
}

// Redis is the redis-server of a run, and what happens to it.
type Redis struct {
	// Addr is the path of its socket.
	Addr string

	server *redisserver.Server
	data   string
	log    *ledger.Log
	client *redis.Client
	down   ledger.Time  // when it was killed or stopped last
	reach  uint32       // what that may cost
	note   string       // more of that
	cut    int64        // bytes that power cuts have lost
	told   atomic.Int32 // how often it was told to go away or to come back, in turns
}

func startRedis(folder string, fsync Fsync, log *ledger.Log) (*Redis, error) {
	data := filepath.Join(folder, "redis")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	args := []string{"--appendonly", "no"}
	if fsync != Never {
		args = []string{"--appendonly", "yes", "--appendfsync", string(fsync), "--aof-load-truncated", "yes"}
	}
	server, err := redisserver.New(data, args...)
	if err != nil {
		return nil, err
	}
	r := &Redis{Addr: server.Addr, server: server, data: data, log: log, client: redis.NewClient(&redis.Options{
		Network: "unix", Addr: server.Addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})}
	return r, r.start()
}

func (r *Redis) start() error {
	if err := r.server.Start(); err != nil {
		return err
	}
	r.log.Add(ledger.Record{Kind: ledger.Serving})
	return nil
}

func (r *Redis) close() error {
	_ = r.client.Close()
	r.server.Kill()
	return r.server.Remove()
}

// Client is a client of its own for the harness, past all proxies. It never tries again.
func (r *Redis) Client() *redis.Client { return r.client }

// away tells whether a Redis is away that was told so often to be it or not.
func away(told int32) bool { return told%2 == 1 }

// Kill ends Redis by kill -9 until [Redis.Restart].
func (r *Redis) Kill() {
	r.told.Add(1)
	r.down, r.reach, r.note = ledger.Now(), 0, ""
	r.server.Kill()
}

// CutPower is Kill, and loses the last n bytes of the append-only file, as a power cut does, with the whole of
// the transaction that the cut falls into. Redis 7.0 forgets such a half at once, but leaves it in its file:
// there it becomes the head of the next transaction, and is executed when the file is read once more. The sizes
// that the file had before, the oldest first, tell since when what is lost was written.
func (r *Redis) CutPower(n int64, sizes []Size) error {
	r.Kill()
	name, size, err := r.appendOnly()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	end := whole(text[:max(size-n, 0)])
	if lost := size - end; lost > 0 {
		r.cut += lost
		r.note = fmt.Sprintf("%d bytes", lost)
		r.reach = uint32((r.down.Sub(since(sizes, end)) + slack) / time.Millisecond)
	}
	return os.Truncate(name, end)
}

// since is when a file had no more than so many bytes last, or the first moment that is known.
func since(sizes []Size, bytes int64) ledger.Time {
	at := sizes[0].At
	for _, s := range sizes {
		if s.Bytes <= bytes {
			at = s.At
		}
	}
	return at
}

// Cut is how many bytes all power cuts have lost.
func (r *Redis) Cut() int64 { return r.cut }

// whole is where the last transaction begins that has no end in an append-only file, or the end of the file.
func whole(text []byte) int64 {
	if begin := bytes.LastIndex(text, []byte("*1\r\n$5\r\nMULTI\r\n")); begin > bytes.LastIndex(text, []byte("*1\r\n$4\r\nEXEC\r\n")) {
		return int64(begin)
	}
	return int64(len(text))
}

// Written is the size of the append-only file. What it grows by tells what a power cut may cost.
func (r *Redis) Written() (Size, error) {
	at := ledger.Now() // before it is looked at: it does not tell too late a moment
	_, size, err := r.appendOnly()
	return Size{At: at, Bytes: size}, err
}

// appendOnly is the file that Redis appends to: the one that it wrote to last, after it has begun a new
// one.
func (r *Redis) appendOnly() (name string, size int64, err error) {
	names, err := filepath.Glob(filepath.Join(r.data, "appendonlydir", "*.incr.aof"))
	if err != nil {
		return "", 0, err
	}
	var wrote time.Time
	for _, one := range names {
		info, err := os.Stat(one)
		if err != nil {
			return "", 0, err
		}
		if name == "" || info.ModTime().After(wrote) {
			name, size, wrote = one, info.Size(), info.ModTime()
		}
	}
	if name == "" {
		return "", 0, errors.New("Redis has no append-only file")
	}
	return name, size, nil
}

// Restart brings a killed Redis back with what its file holds, and returns once it serves.
func (r *Redis) Restart() error {
	if err := r.start(); err != nil {
		return err
	}
	r.told.Add(1)
	r.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.RedisKill, At: r.down, Until: ledger.Now(), Reach: r.reach, Note: ledger.NoteOf(r.note)})
	return nil
}

// Stop halts Redis with its clients connected, until [Redis.Continue].
func (r *Redis) Stop() error {
	r.told.Add(1)
	r.down = ledger.Now()
	return r.server.Signal(syscall.SIGSTOP)
}

// Continue ends Stop.
func (r *Redis) Continue() error {
	err := r.server.Signal(syscall.SIGCONT)
	r.told.Add(1)
	now := ledger.Now()
	r.log.Add(
		ledger.Record{Kind: ledger.Fault, Code: ledger.RedisStop, At: r.down, Until: now},
		ledger.Record{Kind: ledger.Serving, At: now},
	)
	return err
}

// Limit gives Redis so many bytes above what it uses now; 0 is as many as there are.
func (r *Redis) Limit(ctx context.Context, spare int64) error {
	limit := int64(0)
	if spare > 0 {
		used, err := r.Used(ctx)
		if err != nil {
			return err
		}
		limit = used + spare
	}
	return r.client.ConfigSet(ctx, "maxmemory", strconv.FormatInt(limit, 10)).Err()
}

// Fill has Redis be full, whatever is freed, until f has returned; then it has no limit.
func (r *Redis) Fill(ctx context.Context, f func() error) error {
	at := ledger.Now()
	if err := r.client.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		return err
	}
	err := errors.Join(f(), r.Limit(ctx, 0))
	r.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.RedisFull, At: at, Until: ledger.Now()})
	return err
}

// Used is how many bytes Redis uses.
func (r *Redis) Used(ctx context.Context) (int64, error) {
	stats, err := r.client.Do(ctx, "MEMORY", "STATS").Result()
	if err != nil {
		return 0, err
	}
	values, ok := stats.(map[any]any)
	if !ok {
		return 0, fmt.Errorf("MEMORY STATS answered %T", stats)
	}
	used, ok := values["total.allocated"].(int64)
	if !ok {
		return 0, fmt.Errorf("MEMORY STATS tells no total.allocated: %v", values["total.allocated"])
	}
	return used, nil
}

// FlushScripts makes Redis forget all scripts.
func (r *Redis) FlushScripts(ctx context.Context) error {
	at := ledger.Now()
	err := r.client.ScriptFlush(ctx).Err()
	r.log.Add(ledger.Record{Kind: ledger.Fault, Code: ledger.ScriptFlush, At: at, Until: ledger.Now()})
	return err
}
