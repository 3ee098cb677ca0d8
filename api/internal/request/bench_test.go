package request_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/api/internal/request"
)

var benchTask = []byte(`{"type":"email:send","queue":"mail","max_attempts":5,"data":{"to":"someone@example.com","subject":"` +
	strings.Repeat("x", 100) + `","n":[1,2,3]}}`)

func BenchmarkTask(b *testing.B) {
	now := time.Now()
	b.SetBytes(int64(len(benchTask)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := request.Task(benchTask, now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTasks reads a batch of 512 tasks that is one JSON object.
func BenchmarkTasks(b *testing.B) {
	now, batch := time.Now(), []byte(`{"tasks":[`+strings.TrimSuffix(strings.Repeat(string(benchTask)+",", 512), ",")+`]}`)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		tasks, err := request.Tasks(batch)
		if err != nil || len(tasks) != 512 {
			b.Fatal(len(tasks), err)
		}
		for _, task := range tasks {
			if _, err := request.Task(task, now); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkLines reads a batch of 512 tasks that is lines.
func BenchmarkLines(b *testing.B) {
	now, batch := time.Now(), []byte(strings.Repeat(string(benchTask)+"\n", 512))
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		lines := request.NewLines(bytes.NewReader(batch))
		for {
			line, err := lines.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				_, err = request.Task(line, now)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
