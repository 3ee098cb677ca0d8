package tasks

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone answers DNS questions. Each lookup of a name takes the next of its addresses, the last one
// for ever.
type zone struct {
	mu        sync.Mutex
	addresses map[string][]string
}

// resolver returns a resolver that asks a DNS server of the zone.
func (z *zone) resolver(t *testing.T) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	mustSucceed(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		z.serve(conn)
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (z *zone) serve(conn net.PacketConn) {
	buffer := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buffer[:n]) != nil {
			continue
		}
		answer := z.answer(question)
		if raw, err := answer.Pack(); err == nil {
			_, _ = conn.WriteTo(raw, from)
		}
	}
}

func (z *zone) answer(question dnsmessage.Message) dnsmessage.Message {
	asked := question.Questions[0]
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true},
		Questions: question.Questions[:1],
	}
	if body := z.next(asked); body != nil {
		header := dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET}
		answer.Answers = []dnsmessage.Resource{{Header: header, Body: body}}
	}
	return answer
}

// next returns the record that a question of its type is answered with.
func (z *zone) next(asked dnsmessage.Question) dnsmessage.ResourceBody {
	z.mu.Lock()
	defer z.mu.Unlock()
	name := asked.Name.String()
	addresses := z.addresses[name]
	if len(addresses) == 0 {
		return nil
	}
	address := netip.MustParseAddr(addresses[0])
	var body dnsmessage.ResourceBody
	switch {
	case address.Is4() && asked.Type == dnsmessage.TypeA:
		body = &dnsmessage.AResource{A: address.As4()}
	case address.Is6() && asked.Type == dnsmessage.TypeAAAA:
		body = &dnsmessage.AAAAResource{AAAA: address.As16()}
	default:
		return nil
	}
	if len(addresses) > 1 {
		z.addresses[name] = addresses[1:]
	}
	return body
}
