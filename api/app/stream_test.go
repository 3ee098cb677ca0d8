package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/app"
)

// sink takes every task and keeps none.
type sink struct{ calls, tasks, largest int }

func (s *sink) Enqueue(_ context.Context, tasks ...*zeroq.Task) error {
	for _, task := range tasks {
		s.tasks++
		task.ID = fmt.Sprintf("default~0~%010d", s.tasks)
	}
	s.calls, s.largest = s.calls+1, max(s.largest, len(tasks))
	return nil
}

// stream sends n lines, with data of so many bytes each, and calls at while it does.
func stream(n, data int, at func(line int)) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(writer, 64<<10)
		line := `{"type":"a","data":"` + strings.Repeat("x", data-len(`""`)) + "\"}\n"
		for i := range n {
			if _, err := buffered.WriteString(line); err != nil {
				return
			}
			at(i)
		}
		_ = buffered.Flush()
		_ = writer.Close()
	}()
	return reader
}

// live is how many bytes the last garbage collection found in use.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// startSink runs an API that keeps no tasks.
func startSink(t *testing.T) (*api, *sink) {
	f, s := newFake(), &sink{}
	deps := f.deps()
	deps.Enqueuer = s
	return startWith(t, f, deps, func(*app.Conf) {}), s
}

// A stream of any length is enqueued while it comes in, and what is held of it is bounded: 200 MB here, of which
// far less than a part is ever in memory, be its lines short or long.
func TestLines_AreStreamedInBoundedMemory(t *testing.T) {
	const total, most = 200 << 20, 32 << 20
	for name, data := range map[string]int{"1 KiB": 1 << 10, "1 MiB": 1<<20 - 100} {
		t.Run(name, func(t *testing.T) {
			a, s := startSink(t)
			runtime.GC()
			idle, peak, lines := live(), uint64(0), total/data
			body := stream(lines, data, func(i int) {
				if i%(lines/100) == 0 {
					runtime.GC() // or else what is live is known only now and then
					peak = max(peak, live())
				}
			})
			var got batchAnswer
			a.do(a.request(http.MethodPost, "/v1/tasks/batch", "application/x-ndjson", body)).into(t, http.StatusAccepted, &got)
			if got.Accepted != lines || s.tasks != lines || len(got.Items)+got.Omitted != lines || s.largest > 512 {
				t.Errorf("accepted %d, listed %d, omitted %d, in %d calls of at most %d", got.Accepted, len(got.Items), got.Omitted, s.calls, s.largest)
			}
			if peak > idle+most {
				t.Errorf("the live heap grew by %d MiB", (peak-idle)>>20)
			}
			t.Logf("the live heap grew by %d KiB at most", (int64(peak)-int64(idle))>>10)
		})
	}
}

// BenchmarkLines sends a million short lines each time, and reports what the process, which is both ends, held.
func BenchmarkLines(b *testing.B) {
	const lines, data = 1_000_000, 192
	server, err := app.New(conf(), app.Deps{Enqueuer: &sink{}})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Start()
	}()
	defer func() {
		server.Stop()
		<-done
		http.DefaultClient.CloseIdleConnections()
	}()
	runtime.GC()
	idle, peak := live(), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		body := stream(lines, data, func(i int) {
			if i%1000 == 0 {
				peak = max(peak, live())
			}
		})
		resp, err := http.Post("http://"+server.Addr().String()+"/v1/tasks/batch", "application/x-ndjson", body)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			b.Fatal(resp.Status)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(peak-min(idle, peak))/(1<<20), "live-MiB")
}
