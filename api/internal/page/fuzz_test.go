package page_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/zeroq-dev/zeroq/api/internal/page"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
	"github.com/zeroq-dev/zeroq/api/internal/types"
)

// Whatever stands in limit and cursor, it is a page or a parameter that is wrong; and who goes on from page to
// page by what each ends with meets every item behind the first cursor once, in order.
func FuzzParse(f *testing.F) {
	for _, cursor := range []string{"", "x", "!", "cXVldWVzL2E", "cXVldWVzLw", "cXVldWVzL2E=", "cXVldWVzL_8", "d29ya2Vycy9h", "cXVldWVzL2F"} {
		f.Add("1", cursor, "a b c")
		f.Add("", cursor, "b\x00 a/b é")
	}
	f.Add("0", "", "a")
	f.Add("201", "", "")
	f.Add("+7", "", "a")
	f.Fuzz(func(t *testing.T, limit, cursor, names string) {
		if !utf8.ValidString(names) {
			return // nothing has such a name
		}
		items := strings.Fields(names)
		slices.Sort(items)
		items = slices.Compact(items)
		var met []string
		for range len(items) + 1 {
			p, err := page.Parse("queues", &types.PageRequest{Limit: limit, Cursor: cursor})
			if err != nil {
				wantParameter(t, err, len(met) > 0)
				return
			}
			part, next := page.Cut(p, items, func(item string) string { return item })
			if n, err := strconv.Atoi(limit); err == nil && len(part) > n {
				t.Fatalf("%d items on a page of %s", len(part), limit)
			}
			if met = append(met, part...); next == nil {
				break
			}
			cursor = *next
		}
		if want := items[len(items)-len(met):]; !slices.Equal(met, want) {
			t.Fatalf("met %q, want %q", met, want)
		}
	})
}

func wantParameter(t *testing.T, err error, began bool) {
	t.Helper()
	if p, hidden := problem.Of(err); hidden || began || p.Status != 400 || p.Field != "limit" && p.Field != "cursor" {
		t.Fatalf("%v became %+v, on a page behind the first: %v", err, p, began)
	}
}
