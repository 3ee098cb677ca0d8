// Package kafkatest gives tests a Kafka of their own: an in-process server of the protocol, or the one that
// ZEROQ_TEST_KAFKA names.
package kafkatest

import (
	_ "github.com/twmb/franz-go/pkg/kfake"
	_ "github.com/twmb/franz-go/pkg/kgo"
)
