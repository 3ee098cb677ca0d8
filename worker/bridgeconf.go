package worker

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/bridge"
	"github.com/zeroq-dev/zeroq/internal/broker/carriers"
)

// BridgeConf is a bridge: messages that others put on a topic of Kafka or a queue of RabbitMQ, in whatever
// form they have there, become tasks.
//
// What a message has is taken from where a place says: "header:NAME" is one of its headers, "json:/POINTER"
// what a JSON pointer (RFC 6901) finds in its body, and "key" the key of a Kafka message.
type BridgeConf struct {
	// Broker is the name of the one of Brokers that has the messages.
	Broker string
	// Source is the topic or queue, which must be there.
	Source string
	// Group is the consumer group, of Kafka only. Default: zeroq-bridge- and the name of Queue.
	Group string `json:",optional"`
	// Queue is where the tasks go. It need not be one that this worker takes from.
	Queue string
	// Type names the handler, where TypeFrom finds nothing.
	Type string `json:",optional"`
	// TypeFrom is the place of the type. One of it and Type is needed.
	TypeFrom string `json:",optional"`
	// IDFrom is the place of what tells the message from all others, so that one that is delivered again is no
	// second task; or "message" for what the broker has for that: the partition and offset of Kafka, the
	// message-id that producers for RabbitMQ may set; or "none". Where nothing is found it is "message".
	// Default: message. RabbitMQ needs it.
	IDFrom string `json:",optional"`
	// Data is the place of the data: "body", or "json:/POINTER" for a part of it.
	Data string `json:",default=body"`
	// Encoding is what the body is: "json", which the handler gets byte for byte, or "text" or "base64" to give
	// it other bytes as a JSON string.
	Encoding string `json:",default=json,options=json|text|base64"`
	// GroupFrom is the place of the group of the task, for a queue whose broker keeps order. Default: none.
	GroupFrom string `json:",optional"`
	// Headers are the headers that the task gets, by patterns such as "x-*", in any case.
	Headers []string `json:",default=[traceparent,tracestate,baggage]"`
	// MaxAttempts is how often a task may start.
	MaxAttempts int `json:",default=10,range=[1:1000]"`
	// Timeout bounds one attempt.
	Timeout time.Duration `json:",default=30m"`
	// Retention is how long a finished task can be looked up, and so, how much later its message may be
	// delivered again without being a second task.
	Retention time.Duration `json:",default=1h"`
}

func (c *BridgeConf) setDefaults(brokers []zeroq.BrokerConf) {
	if b, _ := carriers.Named(brokers, c.Broker); b.Kafka != nil {
		fill(&c.Group, "zeroq-bridge-"+c.Queue)
		fill(&c.IDFrom, string(bridge.Message))
	}
	fill(&c.Data, string(bridge.Body))
	fill(&c.Encoding, string(bridge.EncodingJSON))
	fill(&c.MaxAttempts, zeroq.DefaultMaxAttempts)
	fill(&c.Timeout, zeroq.DefaultTimeout)
	fill(&c.Retention, zeroq.DefaultRetention)
	if c.Headers == nil {
		c.Headers = bridge.TraceHeaders
	}
}

func (c Conf) validateBridges() error {
	for i, b := range c.Bridges {
		key := fmt.Sprintf("Bridges[%d]", i)
		if err := c.validateBridge(b); err != nil {
			return fmt.Errorf("%s.%w", key, err)
		}
		for j, other := range c.Bridges[:i] {
			if b.collides(other) {
				return fmt.Errorf("%s.Source: %q is that of Bridges[%d] too: the messages of one would be missing in the other", key, b.Source, j)
			}
		}
	}
	return nil
}

// collides reports that two bridges would take messages from each other, as those of one group or of one
// queue of RabbitMQ do, or would make tasks of the same ids.
func (c BridgeConf) collides(other BridgeConf) bool {
	if c.Broker != other.Broker || c.Source != other.Source {
		return false
	}
	return c.Group == other.Group || c.Queue == other.Queue
}

func (c Conf) validateBridge(b BridgeConf) error {
	server, known := carriers.Named(c.Brokers, b.Broker)
	if !known {
		return fmt.Errorf("Broker: no broker of Brokers is named %q", b.Broker)
	}
	if err := c.checkSource(b, server); err != nil {
		return err
	}
	if err := zeroq.ValidateQueue(b.Queue); err != nil {
		return fmt.Errorf("Queue: %q: %w", b.Queue, err)
	}
	mapping, err := b.mapping(server)
	if err != nil {
		return err
	}
	if powers, known := c.powersOf(b.Queue); known && b.GroupFrom != "" && !powers.Order {
		return fmt.Errorf("GroupFrom: %w: the broker of queue %q keeps no order", zeroq.ErrUnsupported, b.Queue)
	}
	return b.checkTask(server, mapping)
}

// checkSource reports a source that is none, or has tasks of zeroq's own: they would go round for ever.
func (c Conf) checkSource(b BridgeConf, server zeroq.BrokerConf) error {
	if b.Source == "" {
		return errors.New("Source: a topic or queue needs a name")
	}
	place := ""
	if server.Kafka != nil {
		place = server.Kafka.Topic
	} else {
		place = server.RabbitMQ.Queue
	}
	queues := []string{b.Queue}
	for _, p := range c.Pools {
		for _, q := range p.Queues {
			queues = append(queues, q.Name)
		}
	}
	for _, queue := range queues {
		if b.Source == strings.ReplaceAll(place, "{queue}", queue) {
			return fmt.Errorf("Source: %q has the tasks of zeroq's own queue %q", b.Source, queue)
		}
	}
	return nil
}

// mapping reads the places. An error begins with its key.
func (c BridgeConf) mapping(server zeroq.BrokerConf) (bridge.Mapping, error) {
	m := bridge.Mapping{
		Broker: c.Broker, Source: c.Source, Placed: server.Kafka != nil, Queue: c.Queue, Type: c.Type, Encoding: bridge.Encoding(c.Encoding),
		MaxAttempts: c.MaxAttempts, Timeout: c.Timeout, Retention: c.Retention,
	}
	anywhere := []bridge.Place{bridge.Header, bridge.JSON}
	if server.Kafka != nil {
		anywhere = append(anywhere, bridge.Key)
	}
	for _, p := range []struct {
		key, text string
		to        *bridge.From
		allowed   []bridge.Place
	}{
		{"TypeFrom", c.TypeFrom, &m.TypeFrom, anywhere},
		{"IDFrom", c.IDFrom, &m.IDFrom, slices.Concat(anywhere, []bridge.Place{bridge.Message, bridge.None})},
		{"GroupFrom", c.GroupFrom, &m.GroupFrom, anywhere},
		{"Data", c.Data, &m.Data, []bridge.Place{bridge.Body, bridge.JSON}},
	} {
		if p.text == "" {
			continue
		}
		from, err := bridge.ParseFrom(p.text, p.allowed...)
		if err != nil {
			return m, fmt.Errorf("%s: %w", p.key, err)
		}
		*p.to = from
	}
	for _, pattern := range c.Headers {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return m, fmt.Errorf("Headers: %q is no pattern", pattern)
		}
		m.Headers = append(m.Headers, strings.ToLower(pattern))
	}
	return m, nil
}

// checkTask reports what the tasks of the bridge could not be made by.
func (c BridgeConf) checkTask(server zeroq.BrokerConf, m bridge.Mapping) error {
	switch {
	case server.Kafka == nil && c.Group != "":
		return fmt.Errorf("Group: %w: RabbitMQ has no consumer groups", zeroq.ErrUnsupported)
	case c.Type == "" && c.TypeFrom == "":
		return errors.New("Type: one of Type and TypeFrom is needed")
	case c.IDFrom == "":
		return errors.New("IDFrom: RabbitMQ has no ids of its own: say where producers put one, message for their message-id, or none")
	case !slices.Contains([]bridge.Encoding{bridge.EncodingJSON, bridge.EncodingText, bridge.EncodingBase64}, m.Encoding):
		return fmt.Errorf("Encoding: %q is none of json, text, base64", c.Encoding)
	case m.Data.Place == bridge.JSON && m.Encoding != bridge.EncodingJSON:
		return fmt.Errorf("Encoding: %q has no %s", c.Encoding, m.Data)
	}
	sample := zeroq.Task{
		Type: cmp.Or(c.Type, "any"), Queue: c.Queue, MaxAttempts: c.MaxAttempts, Timeout: c.Timeout, Retention: c.Retention,
	}
	var wrong *zeroq.FieldError
	if errors.As(sample.Validate(time.Now()), &wrong) {
		return fmt.Errorf("%s: %s", keyOf("task." + wrong.Field)[len("Task."):], wrong.Reason)
	}
	return nil
}
