package bridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// find returns the value at the pointer, as it stands in body; nil when nothing does. All of body has to be
// one JSON value: one that was cut short is not taken for what is left of it.
func find(body []byte, pointer jsontext.Pointer) (jsontext.Value, error) {
	if err := checkWhole(body); err != nil {
		return nil, fmt.Errorf("the body is not valid JSON: %w", err)
	}
	return descend(jsontext.NewDecoder(bytes.NewReader(body)), pointer)
}

func checkWhole(body []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if err := dec.SkipValue(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

// descend reads as far as the value, and returns a copy of it.
func descend(dec *jsontext.Decoder, pointer jsontext.Pointer) (jsontext.Value, error) {
	for token := range pointer.Tokens() {
		there, err := enter(dec, token)
		if err != nil || !there {
			return nil, err
		}
	}
	value, err := dec.ReadValue()
	return value.Clone(), err
}

// enter reads up to the value that the token names in the object or list that comes next.
func enter(dec *jsontext.Decoder, token string) (bool, error) {
	switch dec.PeekKind() {
	case '{':
		return member(dec, token)
	case '[':
		index, err := strconv.ParseUint(token, 10, 31)
		if err != nil || strconv.FormatUint(index, 10) != token { // by RFC 6901 it has no leading zero
			return false, nil
		}
		return element(dec, index)
	}
	return false, nil
}

func member(dec *jsontext.Decoder, name string) (bool, error) {
	if _, err := dec.ReadToken(); err != nil {
		return false, err
	}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil || token.String() == name {
			return err == nil, err
		}
		if err := dec.SkipValue(); err != nil {
			return false, err
		}
	}
	return false, nil
}

func element(dec *jsontext.Decoder, index uint64) (bool, error) {
	if _, err := dec.ReadToken(); err != nil {
		return false, err
	}
	for ; index > 0 && dec.PeekKind() != ']'; index-- {
		if err := dec.SkipValue(); err != nil {
			return false, err
		}
	}
	return dec.PeekKind() != ']', nil
}
