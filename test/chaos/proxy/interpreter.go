package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// interpreter passes requests on to a broker of Kafka, and writes anew where its answers say that brokers are.
type interpreter struct {
	broker    string
	translate func(host string, port int32) (string, int32, error)
	listener  net.Listener
	running   sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// interpret listens for what is to go to the broker at host:port.
func interpret(broker string, translate func(host string, port int32) (string, int32, error)) (*interpreter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	i := &interpreter{broker: broker, translate: translate, listener: listener, conns: make(map[net.Conn]bool)}
	i.running.Go(i.accept)
	return i, nil
}

func (i *interpreter) addr() string { return i.listener.Addr().String() }

func (i *interpreter) close() error {
	i.mu.Lock()
	i.closed = true
	for conn := range i.conns {
		_ = conn.Close()
	}
	i.mu.Unlock()
	err := i.listener.Close()
	i.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (i *interpreter) accept() {
	for {
		client, err := i.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no file left, or a client that has gone
			<-time.After(10 * time.Millisecond)
		default:
			i.running.Go(func() { i.serve(client) })
		}
	}
}

// keep notes a connection, to be closed with the others. It tells whether there is still time for it.
func (i *interpreter) keep(conn net.Conn) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.conns[conn] = !i.closed
	return !i.closed
}

func (i *interpreter) drop(conn net.Conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.conns, conn)
	_ = conn.Close()
}

func (i *interpreter) serve(client net.Conn) {
	defer i.drop(client)
	if !i.keep(client) {
		return
	}
	broker, err := net.Dial("tcp", i.broker)
	if err != nil {
		return
	}
	defer i.drop(broker)
	if !i.keep(broker) {
		return
	}
	d := &dialogue{translate: i.translate, asked: make(map[int32]question)}
	var up sync.WaitGroup
	up.Go(func() {
		pass(client, broker, d.question)
		_ = broker.Close()
	})
	pass(broker, client, d.answer)
	_ = client.Close()
	up.Wait()
}

// pass passes frames on, as f has them, until either side has closed.
func pass(from, to net.Conn, f func([]byte) ([]byte, error)) {
	for {
		var size [4]byte
		if _, err := io.ReadFull(from, size[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(from, frame); err != nil {
			return
		}
		frame, err := f(frame)
		if err != nil {
			return
		}
		if _, err := to.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)); err != nil {
			return
		}
	}
}

// dialogue is what is said on one connection.
type dialogue struct {
	translate func(host string, port int32) (string, int32, error)

	mu    sync.Mutex
	asked map[int32]question // by correlation id; those whose answers have addresses
}

// question is a kind of request.
type question struct{ key, version int16 }

var errShort = errors.New("proxy: no frame of Kafka")

// question notes a request.
func (d *dialogue) question(frame []byte) ([]byte, error) {
	if len(frame) < 8 {
		return nil, errShort
	}
	be := binary.BigEndian
	q := question{key: int16(be.Uint16(frame)), version: int16(be.Uint16(frame[2:]))}
	switch kmsg.Key(q.key) {
	case kmsg.Metadata, kmsg.FindCoordinator:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked[int32(be.Uint32(frame[4:]))] = q
	}
	return frame, nil
}

// answer writes an answer anew that has addresses.
func (d *dialogue) answer(frame []byte) ([]byte, error) {
	if len(frame) < 4 {
		return nil, errShort
	}
	id := int32(binary.BigEndian.Uint32(frame))
	d.mu.Lock()
	q, found := d.asked[id]
	delete(d.asked, id)
	d.mu.Unlock()
	if !found {
		return frame, nil
	}
	response := kmsg.ResponseForKey(q.key)
	response.SetVersion(q.version)
	head := 4
	if response.IsFlexible() {
		head++ // no tags
	}
	if len(frame) < head {
		return nil, errShort
	}
	if err := response.ReadFrom(frame[head:]); err != nil {
		return nil, err
	}
	if err := d.rewrite(response); err != nil {
		return nil, err
	}
	return response.AppendTo(frame[:head:head]), nil
}

// rewrite replaces the addresses of an answer. One without a host is an error of Kafka's, which passes as it is.
func (d *dialogue) rewrite(response kmsg.Response) (err error) {
	replace := func(host *string, port *int32) {
		if *host != "" && err == nil {
			*host, *port, err = d.translate(*host, *port)
		}
	}
	switch r := response.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			replace(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		replace(&r.Host, &r.Port)
		for i := range r.Coordinators {
			replace(&r.Coordinators[i].Host, &r.Coordinators[i].Port)
		}
	}
	return err
}
