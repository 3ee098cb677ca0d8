// Package page cuts lists into pages.
package page

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// How many items a page has.
const (
	DefaultLimit = 100
	MaxLimit     = 200
)

// Page is the part of a list that a client asked for.
type Page struct {
	list  string
	limit int
	after string
}

// Parse reads the parameters limit and cursor of the list called list, which its cursors begin with: one
// of another list is none.
func Parse(list string, req *types.PageRequest) (Page, error) {
	limit, err := Limit(req.Limit)
	if err != nil {
		return Page{}, err
	}
	p := Page{list: list, limit: limit}
	if req.Cursor != "" {
		after, err := base64.RawURLEncoding.Strict().DecodeString(req.Cursor)
		key, ours := strings.CutPrefix(string(after), list+"/")
		if err != nil || !ours || !utf8.Valid(after) {
			return Page{}, problem.Parameter("cursor", "cursor must be the next_cursor of a page of this list")
		}
		p.after = key
	}
	return p, nil
}

// Limit reads the parameter limit: empty is the default.
func Limit(text string) (int, error) {
	if text == "" {
		return DefaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > MaxLimit {
		return 0, problem.Parameter("limit", fmt.Sprintf("limit must be an integer from 1 to %d", MaxLimit))
	}
	return limit, nil
}

// Cut returns the items of the page by their keys, which must be unique, and the cursor of the page
// behind it, nil if there is none. A cursor names the last item of its page, so that items which come
// and go between two pages make none of the others come twice or not at all.
func Cut[T any](p Page, items []T, key func(T) string) ([]T, *string) {
	sorted := slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	start, _ := slices.BinarySearchFunc(sorted, p.after, func(item T, after string) int {
		if key(item) <= after {
			return -1
		}
		return 1
	})
	if p.after == "" {
		start = 0
	}
	rest := sorted[start:]
	if len(rest) <= p.limit {
		return rest, nil
	}
	cursor := base64.RawURLEncoding.EncodeToString([]byte(p.list + "/" + key(rest[p.limit-1])))
	return rest[:p.limit], &cursor
}
