package bridge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
)

// carriersID is the task's id of a message by what the carrier calls it, empty if it has no name for it. It
// says where the message comes from, as others have such names too.
func (m Mapping) carriersID(message broker.Message) string {
	if message.ID == "" {
		return ""
	}
	place := message.ID
	if m.Placed {
		place = strings.TrimPrefix(place, m.Source+".")
	}
	if strings.Contains(m.Broker+m.Source, ":") { // joined by it, other names would read the same
		return digest(m.Broker + "\x00" + m.Source + "\x00" + place)
	}
	return fitID(m.Broker + ":" + m.Source + ":" + place)
}

// fitID is the text itself where a task can have it as its id, else another that is always the same.
func fitID(text string) string {
	if zeroq.ValidID(text) {
		return text
	}
	return digest(text)
}

// digest stands for a text of any length and of any bytes.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + hex.EncodeToString(sum[:])
}

// randomID is for a message without a name: the same enqueue can be made again, but a message that is
// delivered again is not known for the same.
func randomID() string { return "bridge-" + rand.Text() }
