package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// loadEnv has a process of this test binary send requests instead of running tests: its value is an address and
// how many requests to send.
const loadEnv = "ZEROQ_TEST_LOAD"

// loadConns is how many connections send one request after the other.
const loadConns = 64

// loadMain is the main function of a process that sends requests. It reads the request from stdin, connects, says
// so, waits for a line end, and ends when it has all the answers.
func loadMain(job string) int {
	var addr string
	var n int
	if _, err := fmt.Sscan(job, &addr, &n); err != nil {
		return 2
	}
	if err := load(addr, n, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func load(addr string, n int, in io.Reader, out io.Writer) error {
	stdin := bufio.NewReader(in)
	var size int
	if _, err := fmt.Fscanln(stdin, &size); err != nil {
		return err
	}
	request := make([]byte, size)
	if _, err := io.ReadFull(stdin, request); err != nil {
		return err
	}
	conns := make([]net.Conn, min(loadConns, n))
	for i := range conns {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		conns[i] = conn
	}
	fmt.Fprintln(out, "ready")
	if _, err := stdin.ReadByte(); err != nil {
		return err
	}
	var group errgroup.Group
	for i, conn := range conns {
		share := n / len(conns)
		if i < n%len(conns) {
			share++
		}
		group.Go(func() error { return exchange(conn, request, share) })
	}
	return group.Wait()
}

// exchange sends the request n times, each when it has the answer to the last one.
func exchange(conn net.Conn, request []byte, n int) error {
	r := bufio.NewReader(conn)
	for range n {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := accepted(r); err != nil {
			return err
		}
	}
	return nil
}

// accepted reads one answer, which must be a 202 of known length.
func accepted(r *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 202 ")) {
			return fmt.Errorf("answered %q", line)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		if len(line) == len("\r\n") {
			_, err := r.Discard(length)
			return err
		}
	}
}

// postLoad has another process send the request to addr b.N times, and reports requests a second and what each
// takes of this process's CPU, so that neither the sender's nor Redis's is in it.
func postLoad(b *testing.B, addr, request string) {
	b.Helper()
	sender := exec.CommandContext(b.Context(), os.Args[0])
	sender.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", loadEnv, addr, b.N))
	sender.Stderr = os.Stderr
	stdin, err := sender.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := sender.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := sender.Start(); err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(stdin, "%d\n%s", len(request), request)
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	began, used := time.Now(), cpu(b)
	fmt.Fprintln(stdin)
	if err := sender.Wait(); err != nil {
		b.Fatal(err)
	}
	took, used := time.Since(began), cpu(b)-used
	b.StopTimer()
	b.ReportMetric(float64(b.N)/took.Seconds(), "requests/s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/request")
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// postOf is a POST of the body as it goes over the wire.
func postOf(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, len(body), body)
}

// taskBody is a task whose data has so many bytes.
func taskBody(data int) string {
	const around = `{"to":"ann@example.com","order":7,"lines":[1,2,3],"note":""}`
	return `{"type":"email:send","queue":"mail","data":` +
		strings.TrimSuffix(around, `"}`) + strings.Repeat("x", data-len(around)) + `"}}`
}
