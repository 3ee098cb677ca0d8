package kafkaq

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/segmentio/kafka-go"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// idHeader carries Message.ID. It is the first header of its name: a second is the user's own.
const idHeader = "id"

// message makes a message of a record. own: the record is on a topic of ours, where the first header of the
// name tells the ID.
func message(topic string, partition int, r *kafka.Record, own bool) (broker.Message, error) {
	body, err := kafka.ReadAll(r.Value)
	if err != nil {
		return broker.Message{}, err
	}
	key, err := kafka.ReadAll(r.Key)
	if err != nil {
		return broker.Message{}, err
	}
	m := broker.Message{Group: string(key), Body: body}
	for _, h := range r.Headers {
		if own && m.ID == "" && h.Key == idHeader && len(h.Value) > 0 {
			m.ID = string(h.Value)
			continue
		}
		if m.Headers == nil {
			m.Headers = map[string]string{}
		}
		m.Headers[h.Key] = string(h.Value)
	}
	if m.ID == "" {
		m.ID = place(topic, partition, r.Offset)
	}
	return m, nil
}

// taskID is what may be the id of a task.
var taskID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// place names a message by where it lies, in a way that may be the id of a task.
func place(topic string, partition int, offset int64) string {
	name := fmt.Sprintf("%s.%d.%d", topic, partition, offset)
	if taskID.MatchString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(topic))
	return fmt.Sprintf("%s.%d.%d", hex.EncodeToString(sum[:16]), partition, offset)
}
