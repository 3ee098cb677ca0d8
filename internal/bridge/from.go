package bridge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/zeroq-dev/zeroq/internal/broker"
)

// Place is what kind of place a value is taken from.
type Place string

// The places. A header and a JSON pointer are named behind a colon.
const (
	Header  Place = "header"
	JSON    Place = "json"
	Key     Place = "key"     // what keeps the message in order among others: the key of a Kafka message
	Message Place = "message" // what the carrier itself tells it from all others by
	Body    Place = "body"
	None    Place = "none"
)

// From says where a value stands in a foreign message. The zero value says nothing.
type From struct {
	Place Place
	// Name is that of the header, or the JSON pointer.
	Name string
}

// ParseFrom reads a From, such as header:x-event-type, json:/event/type or key.
func ParseFrom(text string, allowed ...Place) (From, error) {
	place, name, named := strings.Cut(text, ":")
	from := From{Place(place), name}
	if !slices.Contains(allowed, from.Place) {
		return From{}, fmt.Errorf("%q is none of %s", text, listed(allowed))
	}
	switch from.Place {
	case Header:
		if name == "" {
			return From{}, fmt.Errorf("%q names no header", text)
		}
	case JSON:
		if !named || !jsontext.Pointer(name).IsValid() {
			return From{}, fmt.Errorf("%q has no JSON pointer such as /event/type", text)
		}
	default:
		if named {
			return From{}, fmt.Errorf("%q: nothing can follow %s", text, place)
		}
	}
	return from, nil
}

func listed(places []Place) string {
	words := make([]string, len(places))
	for i, place := range places {
		words[i] = string(place)
		if place == Header || place == JSON {
			words[i] += ":…"
		}
	}
	return strings.Join(words, ", ")
}

// value is what stands there, a text or the digits of a number; empty when nothing does.
func (f From) value(message broker.Message) (string, error) {
	switch f.Place {
	case Header:
		return header(message.Headers, f.Name), nil
	case Key:
		return message.Group, nil
	case Message:
		return message.ID, nil
	case JSON:
		found, err := find(message.Body, jsontext.Pointer(f.Name))
		if err != nil {
			return "", err
		}
		switch found.Kind() {
		case '"':
			text, err := jsontext.AppendUnquote(nil, found)
			return string(text), err
		case '0':
			return string(found), nil
		case 0, 'n':
			return "", nil
		}
		return "", fmt.Errorf("%s: %s is neither a text nor a number", f, found.Kind())
	}
	return "", nil
}

func (f From) String() string {
	if f.Name == "" {
		return string(f.Place)
	}
	return string(f.Place) + ":" + f.Name
}

// header finds a header, whose name has no case to most who write one. The very name goes first.
func header(headers map[string]string, name string) string {
	if value, found := headers[name]; found {
		return value
	}
	first, value := "", ""
	for other := range headers {
		if strings.EqualFold(other, name) && (first == "" || other < first) {
			first, value = other, headers[other]
		}
	}
	return value
}
