// Package kafkaq carries ready tasks through Kafka: a topic for each queue, the group of a task as its key.
package kafkaq

import (
	_ "github.com/segmentio/kafka-go"
	_ "github.com/segmentio/kafka-go/sasl/scram"
)
