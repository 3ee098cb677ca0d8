package app_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// list is what the tests read of a page.
type list struct {
	Items []struct {
		Queue string `json:"queue"`
		ID    string `json:"id"`
	} `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// walk asks for page after page and returns the names of each.
func (a *api) walk(t *testing.T, path string, limit int) (pages [][]string) {
	t.Helper()
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", fmt.Sprint(limit))
	}
	for {
		var got list
		a.get(path+"?"+query.Encode()).decode(t, &got)
		names := []string{}
		for _, item := range got.Items {
			names = append(names, item.Queue+item.ID)
		}
		pages = append(pages, names)
		if got.NextCursor == nil {
			return pages
		}
		query.Set("cursor", *got.NextCursor)
	}
}

func TestPages(t *testing.T) {
	a := start(t)
	a.fake.queues, a.fake.workers = []zeroq.QueueInfo{}, []zeroq.WorkerInfo{}
	var names []string
	for i := range 250 {
		name := fmt.Sprintf("n%03d", i*7%250) // in no order
		names = append(names, name)
		a.fake.queues = append(a.fake.queues, zeroq.QueueInfo{Queue: name})
		a.fake.workers = append(a.fake.workers, zeroq.WorkerInfo{ID: name})
	}
	slices.Sort(names)
	for _, path := range []string{"/v1/queues", "/v1/workers"} {
		for limit, sizes := range map[int][]int{0: {100, 100, 50}, 1: slices.Repeat([]int{1}, 250), 125: {125, 125}, 200: {200, 50}} {
			pages := a.walk(t, path, limit)
			var got []int
			for _, page := range pages {
				got = append(got, len(page))
			}
			if !slices.Equal(slices.Concat(pages...), names) || !slices.Equal(got, sizes) {
				t.Errorf("%s by %d: pages of %v", path, limit, got)
			}
		}
	}
}

func TestPages_Empty(t *testing.T) {
	a := start(t)
	a.fake.queues, a.fake.workers = []zeroq.QueueInfo{}, []zeroq.WorkerInfo{}
	for _, path := range []string{"/v1/queues", "/v1/workers?limit=1"} {
		if got := a.get(path); got.status != 200 || got.body != `{"items":[],"next_cursor":null}`+"\n" {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

// What comes and goes between two pages moves nothing else.
func TestPages_ThatChange(t *testing.T) {
	a := start(t)
	set := func(names ...string) {
		a.fake.queues = nil
		for _, name := range names {
			a.fake.queues = append(a.fake.queues, zeroq.QueueInfo{Queue: name})
		}
	}
	set("b", "c", "d", "e")
	var first, second list
	a.get("/v1/queues?limit=2").decode(t, &first)
	set("a", "b", "d", "e") // the cursor's own queue has gone
	a.get("/v1/queues?limit=2&cursor="+*first.NextCursor).decode(t, &second)
	if len(second.Items) != 2 || second.Items[0].Queue != "d" || second.NextCursor != nil {
		t.Errorf("got %+v", second)
	}
	set("a")
	a.get("/v1/queues?cursor="+*first.NextCursor).decode(t, &second)
	if len(second.Items) != 0 || second.NextCursor != nil {
		t.Errorf("got %+v", second)
	}
}

func encoded(cursor string) string { return base64.RawURLEncoding.EncodeToString([]byte(cursor)) }

func TestPages_BadParameters(t *testing.T) {
	a := start(t)
	for _, path := range []string{"/v1/queues", "/v1/workers"} {
		for _, limit := range []string{"0", "-1", "201", "x", "1.5", "", "1e2", "99999999999999999999", "1&limit=2"} {
			a.get(path+"?limit="+limit).wantError(t, 400, "invalid_parameter", "limit")
		}
		for _, cursor := range []string{"", "!", "bWFpbA==", "bWFpbB", "a", encoded("\xff"), encoded("null"), encoded("mail"), encoded(`{"i":null}`), encoded("schedules/mail")} {
			a.get(path+"?cursor="+url.QueryEscape(cursor)).wantError(t, 400, "invalid_parameter", "cursor")
		}
	}
}
