package redisq

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

const (
	layoutRecords = 200_000 // records of one measurement
	layoutBatch   = 64      // records of one command, as of an enqueue in bulk or a busy worker's settling
	layoutLeft    = 64      // of so many successive tasks one has not ended when the others are forgotten
	layoutMinute  = 60_000  // tasks that a queue with 1,000 a second has in a minute
)

// layout is a way to keep the records of successive ids.
type layout struct {
	name string
	size int  // records in a hash; 0: each has a key of its own
	ttl  bool // they end by themselves
}

// BenchmarkRecord compares ways to keep records, by plain commands in place of the scripts: what a record takes
// before and after its task has ended (of two texts: as it is, and as short as a line without names can be), and
// the time of Redis's CPU for one task to write it, to write it anew and to forget it. Longest is the longest
// command while records are forgotten task by task, or all of a key at once; other programs on the machine hold up
// short ones. Left is what one takes when its neighbours are forgotten. ADR 0020 has a table of it.
func BenchmarkRecord(b *testing.B) {
	for _, text := range []string{"json", "line"} {
		for _, s := range []layout{
			{name: "key"}, {name: "key-ttl", ttl: true},
			{name: "hash16", size: 16}, {name: "hash32", size: 32}, {name: "hash64", size: 64}, {name: "hash128", size: 128},
			{name: "hash256", size: 256}, {name: "hash512", size: 512},
			{name: "minute", size: layoutMinute}, {name: "one", size: layoutRecords},
		} {
			b.Run(text+"/"+s.name, func(b *testing.B) { s.measure(b, text) })
		}
	}
	for _, size := range []int{16, 32, 64, 128} {
		s := layout{name: fmt.Sprintf("hash%d", size), size: size}
		b.Run("json/listpack-value=256/"+s.name, func(b *testing.B) {
			s.measure(b, "json", "--hash-max-listpack-value", "256")
		})
	}
}

func (s layout) measure(b *testing.B, text string, settings ...string) {
	live, done := recordTexts(text)
	for b.Loop() {
		m := newLayoutMeter(b, s, settings)
		m.spend("redis-µs/write", func() { m.put(live, 0) })
		b.ReportMetric(m.taken()/layoutRecords, "B/live")
		ends := time.Now().Add(8 * time.Second)
		m.spend("redis-µs/rewrite", func() { m.put(done, ends.UnixMilli()) })
		b.ReportMetric(m.taken()/layoutRecords, "B/done")
		if s.ttl {
			m.spend("redis-µs/forget", m.waitEmpty)
			b.ReportMetric(m.longestEvent("expire-cycle"), "longest-µs/forget")
		} else {
			m.measureEnd(done)
		}
	}
}

// measureEnd reports what it takes to get rid of the records, one by one and by keys.
func (m *layoutMeter) measureEnd(done func(i int) string) {
	m.spend("redis-µs/forget", func() { m.forget(false) })
	m.ReportMetric(m.longest(), "longest-µs/forget")
	for _, command := range []string{"unlink", "del"} {
		m.put(done, 0)
		m.spend("redis-µs/"+command, func() { m.free(command) })
		m.ReportMetric(m.longest(), "longest-µs/"+command)
	}
	m.put(done, 0)
	m.forget(true)
	m.ReportMetric(m.taken()/(layoutRecords/layoutLeft), "B/left")
}

// recordTexts are the records of a task that waits, and of it once it has succeeded, by the task's number.
func recordTexts(text string) (live, done func(i int) string) {
	describe := func(i int) record {
		task := &zeroq.Task{Type: "email:welcome", EnqueuedAt: time.UnixMilli(1893585600000 + int64(i)/50)}
		task.SetDefaults()
		return newRecord(markLive, task)
	}
	finish := func(i int) record {
		r := describe(i)
		r.mark, r.forgetAt, r.Attempt = markDone, r.EnqueuedAt+3_600_000, 1
		r.StartedAt, r.FinishedAt, r.Worker = r.EnqueuedAt+int64(i%1000), r.EnqueuedAt+int64(i%1000)+40, "web-1-4711-0fe4a2c1"
		return r
	}
	if text == "json" {
		return func(i int) string { return describe(i).encode() }, func(i int) string { return finish(i).encode() }
	}
	return func(i int) string { return line(describe(i)) }, func(i int) string { return line(finish(i)) }
}

// line is the same without names: times in base 36, and those of the attempt as what went by since the one before.
func line(r record) string {
	var text strings.Builder
	short := func(n int64) { text.WriteString(strconv.FormatInt(n, 36) + ",") }
	text.WriteByte(r.mark)
	if r.mark == markDone {
		short(r.forgetAt)
	}
	short(r.EnqueuedAt)
	text.WriteString(r.Type)
	if r.mark == markDone {
		text.WriteByte(',')
		short(int64(r.Attempt))
		short(r.StartedAt - r.EnqueuedAt)
		short(r.FinishedAt - r.StartedAt)
		text.WriteString(r.Worker)
	}
	return text.String()
}

// layoutMeter measures a layout on a server of its own.
type layoutMeter struct {
	*testing.B
	layout
	client *redis.Client
	before float64 // memory when there was nothing
}

func newLayoutMeter(b *testing.B, s layout, settings []string) *layoutMeter {
	b.Helper()
	server := redistest.StartServer(b, append([]string{
		"--appendonly", "no", "--latency-tracking-info-percentiles", "100", "--latency-monitor-threshold", "1",
	}, settings...)...)
	m := &layoutMeter{B: b, layout: s, client: server.Client()}
	m.before = m.used()
	return m
}

func (m *layoutMeter) key(i int) string {
	return "zq:{q}:r:" + strconv.Itoa(i/max(m.size, 1))
}

// batches hands out the numbers of all records in their order, those of one key and one command together.
func (m *layoutMeter) batches(do func(p redis.Pipeliner, from, to int)) {
	for first := 0; first < layoutRecords; first += 16 * layoutBatch {
		_, err := m.client.Pipelined(context.Background(), func(p redis.Pipeliner) error {
			for from := first; from < min(first+16*layoutBatch, layoutRecords); {
				to := min((from/layoutBatch+1)*layoutBatch, layoutRecords)
				if m.size > 0 {
					to = min(to, (from/m.size+1)*m.size)
				}
				do(p, from, to)
				from = to
			}
			return nil
		})
		if err != nil {
			m.Fatal(err)
		}
	}
}

// put writes all records. Those of a layout with a TTL end at the time in ms, unless it is 0.
func (m *layoutMeter) put(text func(i int) string, ends int64) {
	m.batches(func(p redis.Pipeliner, from, to int) {
		var args []any
		for i := from; i < to; i++ {
			switch {
			case m.size > 0:
				args = append(args, strconv.Itoa(i%m.size), text(i))
			case m.ttl && ends > 0:
				p.Do(context.Background(), "SET", m.key(i), text(i), "PXAT", ends)
			default:
				args = append(args, m.key(i), text(i))
			}
		}
		switch {
		case len(args) == 0:
		case m.size > 0:
			p.HSet(context.Background(), m.key(from), args...)
		default:
			p.MSet(context.Background(), args...)
		}
	})
}

// forget deletes records one by one, those of one key by one command; all, or all but some that have not ended.
func (m *layoutMeter) forget(leave bool) {
	m.batches(func(p redis.Pipeliner, from, to int) {
		var names []string
		for i := from; i < to; i++ {
			switch {
			case leave && i%layoutLeft == 0:
			case m.size > 0:
				names = append(names, strconv.Itoa(i%m.size))
			default:
				names = append(names, m.key(i))
			}
		}
		if m.size > 0 && len(names) > 0 {
			p.HDel(context.Background(), m.key(from), names...)
		} else if len(names) > 0 {
			p.Del(context.Background(), names...)
		}
	})
}

// free deletes whole keys.
func (m *layoutMeter) free(command string) {
	m.batches(func(p redis.Pipeliner, from, to int) {
		args := []any{command}
		for i := from; i < to; i++ {
			if m.size == 0 || i%m.size == 0 {
				args = append(args, m.key(i))
			}
		}
		if len(args) > 1 {
			p.Do(context.Background(), args...)
		}
	})
	m.waitEmpty()
}

// waitEmpty waits until nothing is left, neither on its way to be freed.
func (m *layoutMeter) waitEmpty() {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for m.client.DBSize(context.Background()).Val() > 0 || infoField(m.B, m.client, "memory", "lazyfree_pending_objects:", "") > 0 {
		<-again.C
	}
}

// spend reports the time of Redis's CPU for one record, in all its threads.
func (m *layoutMeter) spend(unit string, do func()) {
	m.client.ConfigResetStat(context.Background())
	before := m.cpu()
	do()
	m.ReportMetric((m.cpu()-before)*1e6/layoutRecords, unit)
}

func (m *layoutMeter) cpu() float64 {
	return infoField(m.B, m.client, "cpu", "used_cpu_sys:", "") + infoField(m.B, m.client, "cpu", "used_cpu_user:", "")
}

// taken is what the records take, once Redis has made its tables smaller, without buffers of connections.
func (m *layoutMeter) taken() float64 {
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	for last := -1.0; ; <-again.C {
		now := m.used()
		if now == last {
			return now - m.before
		}
		last = now
	}
}

func (m *layoutMeter) used() float64 {
	return float64(memory(m.B, m.client)) - infoField(m.B, m.client, "memory", "mem_clients_normal:", "")
}

// longest is the longest command that frees something since the statistics began, in µs.
func (m *layoutMeter) longest() float64 {
	longest := 0.0
	info := m.client.Info(context.Background(), "latencystats").Val()
	for l := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(l), "latency_percentiles_usec_"), ":p100=")
		if name == "hdel" || name == "del" || name == "unlink" {
			µs, err := strconv.ParseFloat(value, 64)
			if err != nil {
				m.Fatal(err)
			}
			longest = max(longest, µs)
		}
	}
	return longest
}

// longestEvent is the longest time that Redis spent on an event of its own, in µs; it knows of those from 1 ms.
func (m *layoutMeter) longestEvent(event string) float64 {
	events, err := m.client.Do(context.Background(), "LATENCY", "LATEST").Slice()
	if err != nil {
		m.Fatal(err)
	}
	for _, e := range events {
		if about := e.([]any); about[0] == event {
			return float64(about[3].(int64)) * 1000
		}
	}
	return 0
}

// BenchmarkMemoryScheduled reports what a scheduled task takes in Redis.
func BenchmarkMemoryScheduled(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		server := redistest.StartServer(b, "--appendonly", "no")
		client := server.Client()
		l := newLife(b, server.Conf())
		before := memory(b, client)
		tasks := make([]*zeroq.Task, n)
		for i := range tasks {
			tasks[i] = &zeroq.Task{Type: "noop", Queue: "q", Data: l.data, Delay: time.Hour}
			tasks[i].SetDefaults()
		}
		for _, err := range l.broker.Enqueue(context.Background(), tasks) {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(memory(b, client)-before)/n, "B/scheduled")
	}
}
