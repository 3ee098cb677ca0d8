package redisq

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/fingerprint"
)

// walk reads all pages and returns the tasks on them, in order, and the number of pages.
func (r *rig) walk(query zeroq.TaskQuery) (all []*zeroq.TaskInfo, pages int) {
	r.Helper()
	query.Queue = "q"
	for {
		page, err := r.Tasks(r.Context(), query)
		r.must(err)
		if len(page.Tasks) > query.Limit {
			r.Errorf("%d tasks on a page of %d", len(page.Tasks), query.Limit)
		}
		for _, info := range page.Tasks {
			if info.State != query.State || info.Queue != "q" {
				r.Errorf("a page of %s has %+v", query.State, info)
			}
		}
		all = append(all, page.Tasks...)
		if pages++; page.Next == "" || pages > 1000 {
			return all, pages
		}
		query.Cursor = page.Next
	}
}

func idsOf(infos []*zeroq.TaskInfo) []string {
	ids := make([]string, len(infos))
	for i, info := range infos {
		ids[i] = info.ID
	}
	return ids
}

func idsOfTasks(tasks []*zeroq.Task) []string {
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		ids[i] = task.ID
	}
	return ids
}

func TestTasks_ReadyAreInTheOrderOfFetching(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tasks := newTasks(12)
	r.put(tasks...)
	ids := idsOfTasks(tasks)
	move := func(from, to, fromEnd string) {
		r.must(r.client.LMove(t.Context(), from, to, fromEnd, "LEFT").Err())
	}
	move(r.keys.ready, r.keys.landing, "RIGHT") // 0
	move(r.keys.ready, r.keys.suspect, "RIGHT") // 1
	move(r.keys.ready, r.keys.high, "RIGHT")    // 2
	move(r.keys.ready, r.keys.low, "RIGHT")     // 3
	r.must(r.client.SAdd(t.Context(), r.keys.withdrawn, ids[5]).Err())
	r.must(r.client.RPush(t.Context(), r.keys.ready, "").Err())
	r.push(`{"type":"bare","data":7}`)
	want := []string{ids[0], ids[2], ids[4], ids[6], ids[7], ids[8], ids[9], ids[10], ids[11], "", ids[3], ids[1]}
	for limit := 1; limit < 15; limit++ {
		all, _ := r.walk(zeroq.TaskQuery{State: zeroq.Ready, Limit: limit})
		if got := idsOf(all); !slices.Equal(got, want) {
			t.Errorf("pages of %d have\n%v, want\n%v", limit, got, want)
		}
		if bare := all[9]; bare.Type != "bare" || string(bare.Data) != "7" {
			t.Errorf("the bare one is %+v", bare)
		}
		if first := all[0]; first.Type != "echo" || first.EnqueuedAt.IsZero() || first.MaxAttempts != 10 || string(first.Data) != `{"n":1}` {
			t.Errorf("the first is %+v", first)
		}
	}
}

func TestTasks_ReadyGoOnBehindTheLastOneWhenTheListMoves(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tasks := newTasks(30)
	r.put(tasks...)
	query := zeroq.TaskQuery{Queue: "q", State: zeroq.Ready, Limit: 10}
	page, err := r.Tasks(t.Context(), query)
	r.must(err)
	m := r.join("w")
	r.fetch(m, 5)
	query.Cursor = page.Next
	second, err := r.Tasks(t.Context(), query)
	r.must(err)
	if got := idsOf(second.Tasks); !slices.Equal(got, idsOfTasks(tasks[10:20])) {
		t.Errorf("after 5 were taken the second page has %v", got)
	}
	r.fetch(m, 10) // what the first page ended with is gone
	second, err = r.Tasks(t.Context(), query)
	r.must(err)
	if got := idsOf(second.Tasks); !slices.Equal(got, idsOfTasks(tasks[15:25])) {
		t.Errorf("after 15 were taken the second page has %v", got)
	}
}

func TestTasks_IndexesAreWholeHoweverLongThePages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dead := idsOfTasks(r.die(40, "boom")) // mostly of one millisecond
	r.put(newTasks(7, zeroq.Delay(time.Hour))...)
	soon := newTask(zeroq.Delay(time.Minute))
	r.put(soon)
	for _, limit := range []int{1, 3, 39, 40, 200} {
		all, _ := r.walk(zeroq.TaskQuery{State: zeroq.Dead, Limit: limit})
		got := idsOf(all)
		slices.Sort(got)
		if !slices.Equal(got, dead) {
			t.Errorf("pages of %d have %d different of 40", limit, len(slices.Compact(got)))
		}
		one := all[0]
		if one.Error != "boom" || one.Attempt != 1 || one.Fingerprint != fingerprint.Of("boom") || one.FinishedAt.IsZero() || one.Worker != "killer" {
			t.Errorf("a dead letter is %+v", one)
		}
		later, _ := r.walk(zeroq.TaskQuery{State: zeroq.Scheduled, Limit: limit})
		if len(later) != 8 || later[0].ID != soon.ID || !later[0].NextRunAt.Equal(soon.RunAt) {
			t.Errorf("%d are scheduled, the first is %+v", len(later), later[0])
		}
	}
}

// The newest come first, and one that goes while pages are read takes no other with it.
func TestTasks_DeadGoOnBehindOneThatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var want []string
	for i, task := range r.die(10, "boom") {
		r.must(r.client.ZAdd(t.Context(), r.keys.dead, zOf(float64(1000+i/3), task.ID)).Err())
		want = append(want, task.ID)
	}
	slices.Reverse(want)
	query := zeroq.TaskQuery{Queue: "q", State: zeroq.Dead, Limit: 4}
	page, err := r.Tasks(t.Context(), query)
	r.must(err)
	if got := idsOf(page.Tasks); !slices.Equal(got, want[:4]) {
		t.Fatalf("the first page has %v, want %v", got, want[:4])
	}
	r.must(r.client.ZRem(t.Context(), r.keys.dead, want[3]).Err())
	query.Cursor = page.Next
	page, err = r.Tasks(t.Context(), query)
	r.must(err)
	if got := idsOf(page.Tasks); !slices.Equal(got, want[4:8]) {
		t.Errorf("the second page has %v, want %v", got, want[4:8])
	}
}

func TestTasks_FilterLooksAtAThousandAtMost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(1500)...)
	rare := zeroq.NewTask("rare", nil, zeroq.Queue("q"))
	rare.SetDefaults()
	r.put(rare)
	page, err := r.Tasks(t.Context(), zeroq.TaskQuery{Queue: "q", State: zeroq.Ready, Type: "rare", Limit: 10})
	r.must(err)
	if len(page.Tasks) != 0 || page.Next == "" {
		t.Errorf("the first page is %+v", page)
	}
	all, pages := r.walk(zeroq.TaskQuery{State: zeroq.Ready, Type: "rare", Limit: 10})
	if len(all) != 1 || all[0].ID != rare.ID || pages != 2 {
		t.Errorf("%d on %d pages", len(all), pages)
	}
	r.die(3, "one")
	two := r.die(2, "two")
	found, _ := r.walk(zeroq.TaskQuery{State: zeroq.Dead, Fingerprint: fingerprint.Of("two"), Limit: 1})
	slices.Reverse(found)
	if !slices.Equal(idsOf(found), idsOfTasks(two)) {
		t.Errorf("of the fingerprint are %v", idsOf(found))
	}
}

func TestTasks_Leased(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTasks(130)...)
	a, b := r.joinFor("a", broker.AtLeastOnce, time.Minute), r.joinFor("b", broker.AtMostOnce, time.Minute)
	held := r.fetch(a, 100)
	started := r.fetch(b, 30)
	_, err := b.Commit(t.Context(), started)
	r.must(err)
	r.push(`{"type":"bare"}`)
	_, _, err = a.take(t.Context(), a.lease, 1, 0, nil)
	r.must(err)
	began := time.Now().UTC().Truncate(time.Millisecond)
	r.must(r.Announce(t.Context(), zeroq.WorkerInfo{ID: "a", Running: []zeroq.RunningTask{{ID: held[0].Task.ID, StartedAt: began}}}, time.Minute))
	r.must(r.client.SAdd(t.Context(), r.keys.stopping, held[0].Task.ID).Err())
	r.must(r.client.HSet(t.Context(), r.keys.progress, held[0].Task.ID, `{"at":3}`).Err())
	for _, limit := range []int{1, 7, 100, 200} {
		all, _ := r.walk(zeroq.TaskQuery{State: zeroq.Leased, Limit: limit})
		got := idsOf(all)
		slices.Sort(got)
		if len(slices.Compact(got)) != 131 || len(all) != 131 || got[0] != "" {
			t.Errorf("pages of %d have %d of 131", limit, len(all))
		}
		i := slices.IndexFunc(all, func(info *zeroq.TaskInfo) bool { return info.ID == held[0].Task.ID })
		if one := all[i]; one.Worker != "a" || !one.StartedAt.Equal(began) || !one.CancelRequested || string(one.Progress) != `{"at":3}` || one.Type != "echo" {
			t.Errorf("one is %+v", one)
		}
	}
}

func TestTasks_SucceededHaveTheirResultsOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tasks := append(newTasks(5), newTask(zeroq.Retention(time.Minute)), newTask(zeroq.ID("mine")))
	r.put(tasks[:6]...)
	r.put(tasks[6])
	m := r.join("w")
	for i, d := range r.fetch(m, 7) {
		o := outcome(m, d, zeroq.Succeeded)
		o.Result = []byte(fmt.Sprint(i))
		r.settle(m, o)
	}
	at := r.keys.place(tasks[1].ID) // deleted by hand: its id stays on the list for a while
	r.must(r.client.HDel(t.Context(), at.key, at.slot).Err())
	ids := idsOfTasks(tasks)
	byID := map[string]string{}
	for i, id := range ids {
		byID[id] = fmt.Sprint(i)
	}
	all, _ := r.walk(zeroq.TaskQuery{State: zeroq.Succeeded, Limit: 2})
	want := []string{"mine", ids[4], ids[3], ids[2], ids[0], ids[5]}
	if got := idsOf(all); len(got) != 6 || !slices.Equal(got, want) {
		t.Errorf("succeeded have %v, want %v", got, want)
	}
	for _, info := range all {
		if string(info.Result) != byID[info.ID] || info.Data != nil {
			t.Errorf("%s is %+v", info.ID, info)
		}
	}
}

func TestTasks_CursorThatIsNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	const list = "q/ready/"
	for _, cursor := range []string{
		"x", "!", "bnVsbA=", "bnVsbA", "e30", "eyJpIjpudWxsfQ", "eyJuIjotMX0", "eyJ4IjoxfQ", pageCursor{}.encode(),
		pageCursor{List: list, Skip: -1}.encode(), pageCursor{List: list, Index: 1}.encode() + "=",
		base64.RawURLEncoding.EncodeToString([]byte(`{"l":"q/ready/","i":null}`)),
		pageCursor{List: "p/ready/"}.encode(), pageCursor{List: "q/dead/"}.encode(), pageCursor{List: "q/ready/f"}.encode(),
	} {
		_, err := r.Tasks(t.Context(), zeroq.TaskQuery{Queue: "q", State: zeroq.Ready, Limit: 1, Cursor: cursor})
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != "cursor" {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	// One that nobody ended a page with, but of this list, does no harm.
	for _, state := range zeroq.States {
		for _, cursor := range []pageCursor{{Shelf: 99}, {Index: 1 << 40, ID: "x"}, {Score: "x", ID: "y"}, {Group: "z", Scan: 7, Skip: 9}} {
			cursor.List = "q/" + string(state) + "/"
			page, err := r.Tasks(t.Context(), zeroq.TaskQuery{Queue: "q", State: state, Limit: 1, Cursor: cursor.encode()})
			var wrong *zeroq.FieldError
			if err != nil && !errors.As(err, &wrong) {
				t.Errorf("%s with %+v: %+v, %v", state, cursor, page, err)
			}
		}
	}
}

func TestTasks_RefusesWhatHasNoMeaning(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(newTask())
	for field, query := range map[string]zeroq.TaskQuery{
		"state":       {State: "x", Limit: 1},
		"limit":       {State: zeroq.Ready},
		"fingerprint": {State: zeroq.Ready, Fingerprint: "x", Limit: 1},
	} {
		query.Queue = "q"
		_, err := r.Tasks(t.Context(), query)
		var wrong *zeroq.FieldError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, err := range []error{
		func() error {
			_, err := r.Tasks(t.Context(), zeroq.TaskQuery{Queue: "never", State: zeroq.Ready, Limit: 1})
			return err
		}(),
		func() error { _, err := r.DeadGroups(t.Context(), "never"); return err }(),
		func() error {
			_, err := r.Matched(t.Context(), "never", zeroq.Selection{State: zeroq.Ready})
			return err
		}(),
	} {
		if !errors.Is(err, zeroq.ErrNotFound) {
			t.Errorf("a queue that never was: %v", err)
		}
	}
}

func TestDeadGroups_TheLargestFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.die(1, "few")
	r.die(3, "many 7")
	r.die(1, "many 8")
	groups, err := r.DeadGroups(t.Context(), "q")
	r.must(err)
	if len(groups) != 2 || groups[0].Count != 4 || groups[1].Count != 1 || groups[1].Sample != "few" ||
		groups[0].FirstSeen.IsZero() || groups[0].LastSeen.Before(groups[0].FirstSeen) || groups[0].Fingerprint != fingerprint.Of("many 9") {
		t.Errorf("groups %+v", groups)
	}
}
