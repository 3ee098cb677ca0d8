// Package fingerprint tells equal errors by their texts.
//
// Errors are equal when their first lines are, once everything is taken out that differs from one
// failure to the next: numbers, addresses, ids, times, and what stands in quotes.
package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxLine is how much of the first line is looked at, in bytes.
	maxLine = 1024
	// maxQuote is how long a quoted part is at most, in bytes; a longer one is no quotation.
	maxQuote = 512
	// minHex is how many hexadecimal digits make an id, even if none of them is a figure.
	minHex = 8
)

// Of returns what errors have in common that differ only in their particulars: 12 hexadecimal digits.
func Of(message string) string {
	sum := sha256.Sum256([]byte(normal(message)))
	return hex.EncodeToString(sum[:6])
}

// normal is the first line of a message without its particulars. The stack of a panic comes behind it.
func normal(message string) string {
	line := firstLine(message)
	out := make([]byte, 0, len(line))
	for i := 0; i < len(line); {
		if n := quoted(line[i:]); n > 0 && (i == 0 || !isWord(rune(line[i-1]))) {
			out = put(out, '?')
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case isWord(r):
			n := word(line[i:])
			out = append(out, particular(line[i:i+n])...)
			i += n
		case unicode.IsSpace(r) || r == utf8.RuneError:
			out = put(out, ' ')
			i += size
		default:
			out = append(out, line[i:i+size]...)
			i += size
		}
	}
	return collapse(string(out))
}

// firstLine is the first line that has something on it.
func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	return strings.TrimSpace(line)
}

// put appends a byte unless the last one is the same.
func put(out []byte, b byte) []byte {
	if n := len(out); n > 0 && out[n-1] == b {
		return out
	}
	return append(out, b)
}

// quoted is how long the quotation is that the text begins with; 0 when there is none.
func quoted(text string) int {
	mark := text[0]
	if mark != '"' && mark != '\'' && mark != '`' {
		return 0
	}
	for i := 1; i < min(len(text), maxQuote); i++ {
		switch text[i] {
		case '\\':
			i++
		case mark:
			// An apostrophe within a word closes nothing.
			if i+1 == len(text) || !isWord(rune(text[i+1])) {
				return i + 1
			}
		}
	}
	return 0
}

// isWord reports whether a character is part of a word. What connects the parts of an id does not, so
// that these are looked at one by one.
func isWord(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func word(text string) int {
	for i, r := range text {
		if !isWord(r) {
			return i
		}
	}
	return len(text)
}

// particular returns a word, or a mark in its place if it tells one failure from another: it has a
// figure, or is a hexadecimal number.
func particular(word string) string {
	figures, digits := 0, 0
	for _, r := range word {
		if unicode.IsDigit(r) {
			figures++
		}
		if r < utf8.RuneSelf && strings.ContainsRune("0123456789abcdefABCDEF", r) {
			digits++
		}
	}
	if figures > 0 || digits == len(word) && len(word) >= minHex {
		return "#"
	}
	return word
}

// joints are what connects the numbers of an address, a time, an id or a path.
const joints = ".:-/+,%"

// collapse makes one mark of several that are connected: of 10.0.0.7:6379, of a UUID, of a time. A list
// of numbers may be of any length, and a group of an id may have no figure.
func collapse(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		if text[i] != '#' {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteByte('#')
		i = behind(text, i+1)
	}
	return strings.TrimSpace(out.String())
}

// behind is where a run of marks ends, the first of which ends at i.
func behind(text string, i int) int {
	for {
		next := i
		for next < len(text) && strings.IndexByte(joints, text[next]) >= 0 {
			next++
		}
		switch {
		case next < len(text) && text[next] == '#':
			i = next + 1
		case next > i && next+4 <= len(text) && isGroup(text[next:]):
			i = next + 4
		case next < len(text)-1 && text[next] == ' ' && next > i && text[next+1] == '#': // "1, 2, 3"
			i = next + 2
		default:
			return i
		}
	}
}

// isGroup reports whether the text begins with a group of four hexadecimal letters, as a UUID may have
// between others.
func isGroup(text string) bool {
	for _, c := range []byte(text[:4]) {
		if c < 'a' || c > 'f' {
			return false
		}
	}
	return len(text) > 4 && strings.IndexByte(joints, text[4]) >= 0
}
