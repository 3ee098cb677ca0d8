package wire

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// IsData reports whether [CheckData] finds nothing wrong, faster than that can say what is.
func IsData(data []byte) bool {
	return len(data) == 0 || jsontext.Value(data).IsValid() && !isDeep(data)
}

// isDeep reports whether JSON nests too deep for a message around it. What has few brackets is not looked at.
func isDeep(data []byte) bool {
	opened := bytes.Count(data, []byte("{")) + bytes.Count(data, []byte("["))
	return opened >= MaxDepth && depth(data) >= MaxDepth
}
