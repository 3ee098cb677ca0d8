package rabbitq

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq"
)

const (
	// patience bounds each wait for the server: for a connection, for an answer, for a write to go out.
	patience = 10 * time.Second
	// heartbeat is after how long both sides want to have heard of each other. After three of them
	// without a word the other side is gone.
	heartbeat = 10 * time.Second
	// frameSize is the most that a frame may have: RabbitMQ's own default.
	frameSize = 128 << 10
)

// dialer makes connections. It is used by one goroutine.
type dialer struct {
	conf   zeroq.RabbitMQConf
	secure *tls.Config // nil: no TLS
	role   string      // what the connection is for, to be told from others in RabbitMQ's own tools
	turn   int         // of the addresses
}

func newDialer(conf zeroq.RabbitMQConf, secure *tls.Config, role string) *dialer {
	return &dialer{conf: conf, secure: secure, role: role}
}

// dial tries each address once, beginning with the one after the last that was tried.
func (d *dialer) dial(ctx context.Context) (conn *amqp.Connection, socket net.Conn, err error) {
	for range d.conf.Addrs {
		addr := d.conf.Addrs[d.turn%len(d.conf.Addrs)]
		d.turn++
		if conn, socket, err = d.open(ctx, addr); err == nil {
			return conn, socket, nil
		}
		err = unavailable(fmt.Errorf("%s: %w", addr, unavailable(err)))
	}
	return nil, nil, err
}

func (d *dialer) open(ctx context.Context, addr string) (*amqp.Connection, net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	cut := context.AfterFunc(ctx, func() { _ = socket.Close() })
	defer cut()
	conn, err := d.greet(ctx, addr, socket)
	if err != nil {
		_ = socket.Close() // it is of no more use, whatever it says
		if ctx.Err() != nil {
			err = errSilent
		}
		return nil, nil, err
	}
	return conn, socket, nil
}

// greet does all that comes after the socket is there: TLS, the login, the choice of the virtual host.
func (d *dialer) greet(ctx context.Context, addr string, socket net.Conn) (*amqp.Connection, error) {
	var transport net.Conn = timed{socket}
	if d.secure != nil {
		conf := d.secure.Clone()
		if conf.ServerName == "" {
			conf.ServerName, _, _ = net.SplitHostPort(addr) // Validate has looked at it
		}
		encrypted := tls.Client(transport, conf)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		transport = encrypted
	}
	return amqp.Open(transport, amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: d.conf.User, Password: d.conf.Password}},
		Vhost:     d.conf.VHost,
		Heartbeat: heartbeat, FrameSize: frameSize, Locale: "en_US",
		Properties: amqp.Table{
			"product": "zeroq", "platform": "Go",
			"connection_name": fmt.Sprintf("zeroq %s, %s", d.role, process),
		},
	})
}

// process is what others know this process by.
var process = func() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%.64s.%d", host, os.Getpid())
}()

// timed is a connection whose writes do not wait for long: the client library holds locks meanwhile.
type timed struct{ net.Conn }

func (t timed) Write(p []byte) (int, error) {
	if err := t.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	return t.Conn.Write(p)
}
