// Package app is the HTTP API as a go-zero service, for a program of its own or as a part of one.
package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/zeromicro/go-zero/rest"

	"github.com/zeroq-dev/zeroq/api/internal/config"
	"github.com/zeroq-dev/zeroq/api/internal/edge"
	"github.com/zeroq-dev/zeroq/api/internal/handler"
	"github.com/zeroq-dev/zeroq/api/internal/idempotency"
	"github.com/zeroq-dev/zeroq/api/internal/svc"
	"github.com/zeroq-dev/zeroq/internal/trace"
)

// Conf is the configuration of the API.
type Conf = config.Config

// Relay names the broker of a queue.
type Relay = config.Relay

// Deps are what the API stands on. They stay the caller's: whoever made them closes them, after Stop.
type Deps = svc.Deps

// App is the HTTP API. It is a service.Service of go-zero.
type App struct {
	server   *http.Server
	listener net.Listener
	drain    time.Duration
	// close is what Stop does last.
	close func()

	// upkeep runs from Start to Stop.
	upkeep  []func(ctx context.Context)
	running sync.WaitGroup

	mu       sync.Mutex // of upkeep that starts while the API stops
	stopping context.Context
	stop     context.CancelFunc
	stopOnce sync.Once
	stopped  chan struct{}
}

// New returns an API that listens already, and answers once Start is called. It reports settings
// that cannot work, and an address that is taken. Stop must be called in any case.
func New(conf Conf, deps Deps) (*App, error) {
	if err := conf.Validate(); err != nil {
		return nil, err
	}
	stopping, stop := context.WithCancel(context.Background())
	a := &App{
		drain:    conf.DrainTimeout,
		close:    func() {},
		stopping: stopping,
		stop:     stop,
		stopped:  make(chan struct{}),
	}
	if err := a.listen(conf, deps); err != nil {
		stop()
		return nil, fmt.Errorf("api: %w", err)
	}
	return a, nil
}

func (a *App) listen(conf Conf, deps Deps) error {
	var err error
	a.listener, err = net.Listen("tcp", net.JoinHostPort(conf.Host, strconv.Itoa(conf.Port)))
	if err != nil {
		return err
	}
	// The listener knows what a name in conf.Host led to.
	h, err := newHandler(conf, svc.NewServiceContext(a.stopping, conf, deps), isLoopback(a.listener.Addr()))
	if err == nil {
		a.server, err = newServer(h, conf)
	}
	if err != nil {
		_ = a.listener.Close()
	}
	return err
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// newHandler builds the routes with go-zero and puts the edge before them. go-zero's own listener is
// not used, as it ends with the process only.
func newHandler(conf Conf, svcCtx *svc.ServiceContext, loopback bool) (http.Handler, error) {
	server, err := rest.NewServer(conf.Rest())
	if err != nil {
		return nil, err
	}
	handler.RegisterHandlers(server, svcCtx)
	routes, err := rest.NewServerless(server)
	if err != nil {
		return nil, err
	}
	// Its timeout is that of the broker, which keeps the answers.
	safe := idempotency.New(http.HandlerFunc(routes.Serve), svcCtx.Ledger, conf.Timeout)
	trust := edge.Trust{Origins: conf.TrustedOrigins, Loopback: loopback, Hosts: conf.TrustedHosts}
	return edge.New(trace.Incoming(safe), trust)
}

// Addr is where the API listens.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// Start answers requests until Stop has ended them all. It panics when the listener breaks, as
// go-zero's servers do.
func (a *App) Start() {
	a.startUpkeep()
	if err := a.serve(); !errors.Is(err, http.ErrServerClosed) && a.stopping.Err() == nil {
		panic(fmt.Errorf("api: %w", err))
	}
	<-a.stopped
}

func (a *App) serve() error {
	if a.server.TLSConfig != nil {
		return a.server.ServeTLS(a.listener, "", "")
	}
	return a.server.Serve(a.listener)
}

// Stop takes no more requests, lets those that have begun end, cuts off those that have not ended
// after DrainTimeout, and returns. Requests that wait for the end of a task are answered at once.
func (a *App) Stop() {
	a.stopOnce.Do(func() {
		defer close(a.stopped)
		defer a.close()
		defer a.running.Wait()
		a.beginStop()
		ctx, cancel := context.WithTimeout(context.Background(), a.drain)
		defer cancel()
		if err := a.server.Shutdown(ctx); err != nil {
			_ = a.server.Close()
		}
		_ = a.listener.Close() // which the server knows only once it was started
	})
	<-a.stopped
}
