package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// The client does next to nothing itself, so allocations are the proxy's.
func BenchmarkPipeline(b *testing.B) {
	for _, length := range []int{1, 512} {
		for _, size := range []int{100, 10_000} {
			name := fmt.Sprintf("%dx%dB", length, size)
			b.Run(name+"/direct", func(b *testing.B) {
				conf, _ := redistest.New(b)
				benchPipeline(b, "unix", conf.Addrs[0], length, size)
			})
			b.Run(name+"/proxy", func(b *testing.B) {
				conf, _ := redistest.New(b)
				benchPipeline(b, "tcp", listen(b, conf.Addrs[0]).Addr(), length, size)
			})
		}
	}
}

func benchPipeline(b *testing.B, network, addr string, length, size int) {
	value := strings.Repeat("x", size)
	command := fmt.Sprintf("*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n", size, value)
	pipeline := bytes.Repeat([]byte(command), length)
	answers := make([]byte, length*len(fmt.Sprintf("$%d\r\n%s\r\n", size, value)))
	c, err := net.Dial(network, addr)
	must(b, err)
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		written := make(chan error, 1)
		go func() {
			_, err := c.Write(pipeline)
			written <- err
		}()
		_, err := io.ReadFull(c, answers)
		must(b, err)
		must(b, <-written)
	}
	b.ReportMetric(float64(b.N*length)/b.Elapsed().Seconds(), "commands/s")
}
