package app_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

func TestBatch_GoodAndBad(t *testing.T) {
	a := start(t)
	a.post("/v1/tasks", `{"type":"a","id":"old"}`)
	a.fake.fail["full"], a.fake.fail["secret"] = zeroq.ErrStoreFull, errSecret
	items := []string{
		`{"type":"a","id":"1"}`, `{"type":""}`, `{"type":"a","id":"old"}`, `{"type":"a","delay":"x"}`, `7`,
		`{"type":"a","type":"a"}`, `{"type":"secret"}`, `{"type":"full"}`, `{"type":"a","id":"2"}`,
	}
	check := func(reply reply, first string) {
		t.Helper()
		var got batchAnswer
		reply.into(t, http.StatusAccepted, &got)
		if got.Accepted != 2 || got.Rejected != 7 || len(got.Items) != 9 || got.Items[0].ID != first {
			t.Fatalf("got %+v", got)
		}
		for i, want := range []problem{
			1: {Code: "invalid_field", Field: "type"}, 2: {Code: "duplicate", Field: "id", TaskID: "old"},
			3: {Code: "invalid_field", Field: "delay"}, 4: {Code: "invalid_json"}, 5: {Code: "invalid_json", Field: "type"},
			6: {Code: "internal"}, 7: {Code: "full"},
		} {
			item := got.Items[i]
			if item.Index != i || (item.Error == nil) != (want == problem{}) {
				t.Fatalf("item %d is %+v", i, item)
			}
			if item.Error != nil {
				want.Message = item.Error.Message
				if *item.Error != want || want.Message == "" {
					t.Errorf("item %d is %+v", i, *item.Error)
				}
			}
		}
		if strings.Contains(reply.body, "s3cret") {
			t.Error("the secret is in the answer")
		}
	}
	check(a.post("/v1/tasks/batch", `{"tasks":[`+strings.Join(items, ",")+`]}`), "1")
	next := strings.NewReplacer(`"1"`, `"3"`, `"2"`, `"4"`)
	check(a.lines(next.Replace(strings.Join(items, "\n"))), "3")
}

// A task that is far too deep is named by its index, and the others are in.
func TestBatch_Deep(t *testing.T) {
	a := start(t)
	for _, item := range []string{nested(20_000), `{"type":"a","data":` + nested(20_000) + `}`, `{"type":"a","data":` + nested(400_000) + `}`} {
		var got batchAnswer
		a.post("/v1/tasks/batch", `{"tasks":[{"type":"a"},`+item+`,{"type":"a","data":"]["}]}`).into(t, http.StatusAccepted, &got)
		if got.Accepted != 2 || got.Rejected != 1 || got.Items[1].Index != 1 || got.Items[1].Error == nil || got.Items[1].Error.Code != "invalid_json" {
			t.Fatalf("got %+v", got)
		}
		if data := string(a.fake.task(got.Items[2].ID).Data); data != `"]["` {
			t.Errorf("data is %s", data)
		}
		if e := got.Items[1].Error; e.Field == "data" && e.Message != "data is nested too deep" {
			t.Errorf("got %+v", e)
		}
	}
}

func TestBatch_Empty(t *testing.T) {
	a := start(t)
	for _, reply := range []reply{a.post("/v1/tasks/batch", `{"tasks":[]}`), a.lines(""), a.lines("\n \r\n\n")} {
		if reply.status != 202 || reply.body != `{"accepted":0,"rejected":0,"items":[]}`+"\n" {
			t.Errorf("got %+v", reply)
		}
	}
}

func TestBatch_Most(t *testing.T) {
	a := start(t)
	var got batchAnswer
	body := strings.TrimSuffix(strings.Repeat(`{"type":"a"},`, 1000), ",")
	a.post("/v1/tasks/batch", `{"tasks":[`+body+`]}`).into(t, http.StatusAccepted, &got)
	if got.Accepted != 1000 || len(got.Items) != 1000 || a.fake.largest > 512 || a.fake.calls != 2 {
		t.Errorf("accepted %d in %d calls of at most %d", got.Accepted, a.fake.calls, a.fake.largest)
	}
}

func TestBatch_DataIsKeptByteForByte(t *testing.T) {
	a := start(t)
	const data = `{ "n" : 9007199254740993, "n2":[ 1.10 ]}`
	a.post("/v1/tasks/batch", `{"tasks": [ {"type":"a","id":"1","data": `+data+` } ] }`)
	a.lines(`  {"type":"a","id":"2","data": ` + data + ` }` + " \r\n")
	for _, id := range []string{"1", "2"} {
		if got := string(a.fake.task(id).Data); got != data {
			t.Errorf("kept %s", got)
		}
	}
}

func TestLines_BlankAndLastWithoutEnd(t *testing.T) {
	a := start(t)
	var got batchAnswer
	a.lines("\n{\"type\":\"a\"}\r\n\n\t\n{\"type\":\"a\"}").into(t, http.StatusAccepted, &got)
	if got.Accepted != 2 || got.Items[1].Index != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestLines_TooLong(t *testing.T) {
	a := start(t)
	const around = len(`{"type":"a","data":""}`)
	line := func(n int) string { return `{"type":"a","data":"` + strings.Repeat("x", n-around) + `"}` }
	for _, end := range []string{"\n", "\r\n", ""} {
		var got batchAnswer
		a.lines(line(1<<20+1)+"\n"+line(1<<20)+"\n"+line(9<<20)+"\n"+`{"type":"a"}`+"\n"+line(1<<20+1)+end).into(t, 202, &got)
		if got.Accepted != 2 || got.Rejected != 3 || got.Items[1].ID == "" || got.Items[3].ID == "" {
			t.Fatalf("got %+v", got)
		}
		for _, i := range []int{0, 2, 4} {
			if got.Items[i].Error == nil || got.Items[i].Error.Code != "too_large" {
				t.Errorf("item %d is %+v", i, got.Items[i])
			}
		}
	}
}

// A stream of which hardly anything is right is given up.
func TestLines_TooManyBad(t *testing.T) {
	a := start(t)
	var got batchAnswer
	a.lines(`{"type":"a"}`+"\n"+strings.Repeat("1\n", 250_000)).into(t, http.StatusAccepted, &got)
	if got.Accepted != 1 || got.Rejected >= 250_000 || got.Error == nil || got.Error.Code != "bad_request" {
		t.Errorf("accepted %d, rejected %d, %+v", got.Accepted, got.Rejected, got.Error)
	}
}

func TestLines_AllAcceptedAreCounted(t *testing.T) {
	a := start(t)
	const lines = 150_000
	reader, writer := io.Pipe()
	go func() {
		buffered := bufio.NewWriter(writer)
		for i := range lines {
			fmt.Fprintf(buffered, `{"type":"a","id":"task-with-a-long-id-of-some-client-%d"}`+"\n", i)
		}
		_ = buffered.Flush()
		_ = writer.Close()
	}()
	var got batchAnswer
	a.do(a.request("POST", "/v1/tasks/batch", "application/x-ndjson", reader)).into(t, http.StatusAccepted, &got)
	if got.Accepted != lines || got.Omitted == 0 || len(got.Items)+got.Omitted != lines || got.Error != nil {
		t.Errorf("accepted %d, omitted %d, listed %d", got.Accepted, got.Omitted, len(got.Items))
	}
}

// Tasks that came before the broker went away are in, and the answer says so.
func TestLines_BrokerGoesAway(t *testing.T) {
	a := start(t)
	a.fake.fail["down"] = zeroq.ErrUnavailable
	body := strings.Repeat(`{"type":"a"}`+"\n", 600) + strings.Repeat(`{"type":"down"}`+"\n", 5000)
	var got batchAnswer
	a.lines(body).into(t, http.StatusAccepted, &got)
	if got.Accepted != 600 || got.Rejected != 3*512-600 || got.Error == nil || got.Error.Code != "unavailable" {
		t.Errorf("accepted %d, rejected %d, %+v", got.Accepted, got.Rejected, got.Error)
	}
	if last := got.Items[len(got.Items)-1]; last.Error == nil || last.Error.Code != "unavailable" {
		t.Errorf("the last item is %+v", last)
	}
}

func TestBatch_BrokerGoesAway(t *testing.T) {
	a := start(t)
	a.fake.fail["down"] = zeroq.ErrUnavailable
	body := strings.Repeat(`{"type":"a"},`, 10) + strings.Repeat(`{"type":"down"},`, 512) +
		strings.Repeat(`{"type":"down"},`, 477) + `{"type":"a"}`
	var got batchAnswer
	a.post("/v1/tasks/batch", `{"tasks":[`+body+`]}`).into(t, http.StatusAccepted, &got)
	if got.Accepted != 11 || got.Rejected != 989 || len(got.Items) != 1000 || got.Items[998].Error.Code != "unavailable" {
		t.Errorf("accepted %d, rejected %d", got.Accepted, got.Rejected)
	}
}
