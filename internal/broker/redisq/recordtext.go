package redisq

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// encode writes a record as decodeRecord reads it.
func (r record) encode() string {
	var space [256]byte // most are shorter, and take no other memory
	return string(r.append(space[:0]))
}

// append is encode to the end of b. It writes what encoding/json would, without HTML in mind, so that a
// result stays as its handler wrote it.
func (r record) append(b []byte) []byte {
	b = append(b, r.mark)
	if r.mark == markDone {
		b = strconv.AppendInt(b, r.forgetAt, 10)
	}
	from := len(b)
	b = appendText(b, `,"n":`, r.Nonce)
	b = appendText(b, `,"t":`, r.Type)
	b = appendNumber(b, `,"e":`, r.EnqueuedAt)
	b = appendNumber(b, `,"m":`, int64(r.MaxAttempts))
	b = appendNumber(b, `,"a":`, int64(r.Attempt))
	b = appendNumber(b, `,"z":`, int64(r.Again))
	b = appendNumber(b, `,"s":`, r.StartedAt)
	b = appendNumber(b, `,"f":`, r.FinishedAt)
	b = appendText(b, `,"w":`, r.Worker)
	b = appendRaw(b, `,"r":`, r.Result)
	b = appendRaw(b, `,"x":`, r.Errors)
	b = appendRaw(b, `,"p":`, r.Progress)
	b = appendText(b, `,"u":`, r.Lock)
	b = appendNumber(b, `,"k":`, r.Retention)
	b = appendText(b, `,"g":`, r.Fingerprint)
	if len(b) == from {
		b = append(b, '{')
	}
	b[from] = '{' // the first comma
	return append(b, '}')
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

func appendText(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, name...)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, quoted(text)...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

func quoted(text string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string: it cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendRaw appends JSON that was checked, without the spaces between its parts.
func appendRaw(b []byte, name string, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return b
	}
	b = append(b, name...)
	if !bytes.ContainsAny(raw, " \t\r\n") {
		return append(b, raw...)
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, raw)
	return append(b, compact.Bytes()...)
}
