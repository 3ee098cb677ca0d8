package rabbitq

import (
	"fmt"
	"maps"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

const (
	// groupHeader is the header that has a message's group.
	groupHeader = "x-zeroq-group"
	// maxText is how long the key of a header, and a message's id, may be for AMQP.
	maxText = 255
	// maxHeaders bounds the headers of a message together, which have to fit into one frame.
	maxHeaders = frameSize / 2
)

// counters are headers that RabbitMQ adds to what it delivers again.
var counters = []string{"x-delivery-count", "x-acquired-count"}

// publishing is how a message is written.
func publishing(m broker.Message) amqp.Publishing {
	p := amqp.Publishing{
		DeliveryMode: amqp.Persistent, ContentType: "application/json", Headers: table(m), Body: m.Body,
	}
	if len(m.ID) <= maxText {
		p.MessageId = m.ID
	}
	return p
}

// table has the headers and the group. Headers are for the eye: those that AMQP cannot take are left out,
// as the task itself is in the body.
func table(m broker.Message) amqp.Table {
	size, headers := len(m.Group), amqp.Table{}
	for key, value := range m.Headers {
		size += len(key) + len(value) + 5 // a byte for the length of the key, one for the type, three more of the value's length
		if len(key) <= maxText {
			headers[key] = value
		}
	}
	if size > maxHeaders {
		headers = amqp.Table{}
	}
	if m.Group != "" && len(m.Group) <= maxHeaders {
		headers[groupHeader] = m.Group
	}
	return headers
}

// received is how a message is read.
func received(d amqp.Delivery) broker.Message {
	m := broker.Message{ID: d.MessageId, Body: d.Body}
	headers := make(map[string]string, len(d.Headers))
	for key, value := range d.Headers {
		switch value := value.(type) {
		case string:
			headers[key] = value
		case bool, byte, int8, int16, uint16, int32, uint32, int, int64, float32, float64:
			headers[key] = fmt.Sprint(value)
		}
	}
	maps.DeleteFunc(headers, func(key, _ string) bool { return key == counters[0] || key == counters[1] })
	m.Group = headers[groupHeader]
	delete(headers, groupHeader)
	if len(headers) > 0 {
		m.Headers = headers
	}
	return m
}
