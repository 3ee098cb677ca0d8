package wire

import "bytes"

// maxHead bounds where the id of an admitted message ends, in bytes: queue names and chosen ids are shorter.
const maxHead = 256

// HeadID returns the id of an admitted message, which stands in its head, where the scripts find it without
// decoding anything. It is empty for a bare message.
func HeadID(message []byte) string {
	rest, opened := bytes.CutPrefix(message[:min(len(message), maxHead)], []byte(`{"id":"`))
	id, rest, closed := bytes.Cut(rest, []byte(`"`))
	if !opened || !closed || !bytes.HasPrefix(rest, []byte(`,"enqueued_at":"`)) || bytes.ContainsFunc(id, inNoID) {
		return ""
	}
	return string(id)
}

// inNoID reports whether no id has the character.
func inNoID(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
		return false
	}
	return !bytes.ContainsRune([]byte("._:~-"), r)
}
