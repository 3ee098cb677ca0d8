//go:build linux

package rig

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
	"github.com/zeroq-dev/zeroq/internal/child"
	"github.com/zeroq-dev/zeroq/internal/rabbitserver"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
	"github.com/zeroq-dev/zeroq/test/chaos/proxy"
)

// Server is a Kafka or a RabbitMQ, which several runs may use at the same time, each with names of its own. Its
// methods are for one goroutine, but for those that only ask.
type Server struct {
	// Kind is what users call it: "kafka" or "rabbitmq".
	Kind string
	// Ours: it was started here, so that it may be killed.
	Ours bool

	addrs   []string
	machine machine // nil: it is not ours
}

// machine is a server that can be killed, and comes back with its data.
type machine interface {
	Start() error
	Kill()
	Remove() error
}

// kafkaEnv names a running Kafka, as for all tests.
const kafkaEnv = "ZEROQ_TEST_KAFKA"

// NewKafka starts a Kafka below a folder: a process of this program that speaks its protocol; or takes the one
// that ZEROQ_TEST_KAFKA names.
func NewKafka(parent string) (*Server, error) {
	if addrs := os.Getenv(kafkaEnv); addrs != "" {
		return &Server{Kind: "kafka", addrs: strings.Split(addrs, ",")}, nil
	}
	folder, err := os.MkdirTemp(parent, "kafka-")
	if err != nil {
		return nil, err
	}
	k := &fakeKafka{folder: folder}
	s := &Server{Kind: "kafka", Ours: true, machine: k}
	for range kafkaBrokers {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		k.ports = append(k.ports, port)
		s.addrs = append(s.addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, k.Remove())
	}
	return s, nil
}

// NewRabbitMQ starts a RabbitMQ. Without one that is installed it is a [rabbitserver.ErrNotFound].
func NewRabbitMQ() (*Server, error) {
	m, err := rabbitserver.New()
	if err != nil {
		return nil, err
	}
	s := &Server{Kind: "rabbitmq", Ours: true, addrs: []string{m.Addr}, machine: m}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, m.Remove())
	}
	return s, nil
}

// Close ends it and deletes its data, if it is ours.
func (s *Server) Close() error {
	if s.machine == nil {
		return nil
	}
	s.machine.Kill()
	return s.machine.Remove()
}

// start starts it, and returns once it answers.
func (s *Server) start() error {
	if err := s.machine.Start(); err != nil {
		return err
	}
	carrier, err := carriers.Dial(s.conf())
	if err != nil {
		return err
	}
	defer carrier.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return poll(ctx, func() (bool, error) { return carrier.Ping(ctx) == nil, nil })
}

// conf says how to reach it past all proxies, and has names that no other run has.
func (s *Server) conf() zeroq.BrokerConf {
	conf := zeroq.BrokerConf{Name: s.Kind}
	own := "chaos." + rand.Text() + ".{queue}"
	if s.Kind == "kafka" {
		conf.Kafka = &zeroq.KafkaConf{Addrs: s.addrs, Topic: own, Group: own, Partitions: 6}
	} else {
		conf.RabbitMQ = &zeroq.RabbitMQConf{Addrs: s.addrs, Queue: own}
	}
	conf.SetDefaults()
	return conf
}

// line opens a process's own way there.
func (s *Server) line() (Line, error) {
	if s.Kind == "kafka" {
		return proxy.ListenKafka(s.addrs[0])
	}
	return proxy.ListenRaw(s.addrs[0])
}

// by is the configuration of a process that goes there by a line.
func by(conf zeroq.BrokerConf, line Line) *zeroq.BrokerConf {
	addrs := []string{line.Addr()}
	if conf.Kafka != nil {
		k := *conf.Kafka
		k.Addrs, conf.Kafka = addrs, &k
	} else {
		r := *conf.RabbitMQ
		r.Addrs, conf.RabbitMQ = addrs, &r
	}
	return &conf
}

// kafkaBrokers is how many brokers a cluster has.
const kafkaBrokers = 3

// fakeKafka is this very program, which plays Kafka in a process of its own.
type fakeKafka struct {
	folder string
	ports  []int
	cmd    *exec.Cmd
	gone   <-chan struct{}
}

// Start starts it. It may not answer yet.
func (k *fakeKafka) Start() error {
	output, err := os.OpenFile(filepath.Join(k.folder, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	k.cmd = exec.Command(Zeroq{}.Program())
	p := plan.Plan{Role: plan.Kafka, Folder: filepath.Join(k.folder, "data"), Ports: k.ports}
	k.cmd.Env = append(os.Environ(), p.Encode(), race())
	k.cmd.Stdout, k.cmd.Stderr = output, output
	k.gone, err = child.Start(k.cmd, syscall.SIGKILL)
	return err
}

// Kill ends it by kill -9.
func (k *fakeKafka) Kill() {
	if k.gone != nil {
		_ = k.cmd.Process.Kill() // fails only for one that has ended
		<-k.gone
	}
}

// Remove deletes its data.
func (k *fakeKafka) Remove() error { return os.RemoveAll(k.folder) }
