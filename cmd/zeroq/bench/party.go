package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zeroq-dev/zeroq/internal/child"
	"github.com/zeroq-dev/zeroq/internal/contender"
)

// party carries out orders.
type party interface {
	carry(ctx context.Context, o contender.Order) (contender.Result, error)
}

// contestant is who is measured.
type contestant struct {
	name string
	party
	// fillers callers of batch tasks each fill its queue before it is measured.
	fillers, batch int
}

// refillers is how many callers refill its backlog: one, or as many as fill it where they have no calls of many tasks.
func (c contestant) refillers() int {
	if c.batch > 1 {
		return 1
	}
	return c.fillers
}

// program is a party that is a process of its own for each order.
type program struct {
	path string
	args []string
}

func (p program) carry(ctx context.Context, o contender.Order) (result contender.Result, err error) {
	order, err := json.Marshal(o)
	if err != nil {
		return result, err
	}
	out, _, err := output(ctx, bytes.NewReader(order), p.path, p.args...)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("the answer of %s: %w", p.path, err)
	}
	if result.Error != "" {
		return result, errors.New(result.Error)
	}
	return result, nil
}

// output runs a program to its end, which comes at once when ctx ends. cpu is what it has used.
func output(ctx context.Context, in *bytes.Reader, path string, args ...string) (out []byte, cpu time.Duration, err error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	gone, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, 0, err
	}
	select {
	case <-gone:
	case <-ctx.Done():
		_ = cmd.Process.Kill() // fails only for one that has ended
		<-gone
		return nil, 0, ctx.Err()
	}
	if !cmd.ProcessState.Success() {
		return nil, 0, fmt.Errorf("%s: %s: %s", path, cmd.ProcessState, lastLine(stderr.String()))
	}
	return stdout.Bytes(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// redisBenchmark is the program of that name: LPUSH and RPOP of the same payload, and nothing around them.
type redisBenchmark struct{}

func (redisBenchmark) carry(ctx context.Context, o contender.Order) (result contender.Result, err error) {
	test, callers := "LPUSH", o.Callers
	if o.Role == contender.Work {
		test, callers = "RPOP", o.Concurrency
	}
	out, cpu, err := output(ctx, bytes.NewReader(nil), "redis-benchmark", "-s", o.Redis, "-n", strconv.Itoa(o.Tasks),
		"-c", strconv.Itoa(callers), "-d", strconv.Itoa(o.Payload), "-t", strings.ToLower(test), "--csv")
	if err != nil {
		return result, err
	}
	rate, err := benchmarkRate(out, test)
	if err != nil {
		return result, err
	}
	begin := time.Now()
	end := begin.Add(time.Duration(float64(o.Tasks) / rate * float64(time.Second)))
	return contender.Result{Tasks: o.Tasks, Begin: begin, End: end, CPU: cpu}, nil
}

// benchmarkRate finds the calls a second of a test in what redis-benchmark wrote.
func benchmarkRate(out []byte, test string) (float64, error) {
	r := csv.NewReader(bytes.NewReader(out))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w", err)
	}
	for _, row := range rows {
		if len(row) > 1 && row[0] == test {
			rate, err := strconv.ParseFloat(row[1], 64)
			if err == nil && rate > 0 {
				return rate, nil
			}
		}
	}
	return 0, fmt.Errorf("redis-benchmark tells no rate of %s", test)
}

// haveRedisBenchmark tells whether it is on PATH.
func haveRedisBenchmark() bool {
	_, err := exec.LookPath("redis-benchmark")
	return err == nil
}
