package redisq

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"

	"github.com/zeroq-dev/zeroq"
)

const (
	// maxLook is how many entries a request for a page looks at, whatever it finds among them.
	maxLook = 1000
	// lookSize is how many it reads in one round trip.
	lookSize = 250
)

// pageCursor is where a page goes on. Which fields it has depends on the state.
type pageCursor struct {
	List  string `json:"l"`           // which list it is of, see listOf
	Shelf int    `json:"s,omitempty"` // which of the state's shelves, or lists
	Score string `json:"a,omitempty"` // the last entry's score in an index,
	ID    string `json:"i,omitempty"` // and its id, or that of the last message of a list
	Index int64  `json:"n,omitempty"` // entries of a list before the page, from the end that is read first
	Group string `json:"g,omitempty"` // lease group
	Scan  uint64 `json:"c,omitempty"` // HSCAN's cursor in it
	Skip  int    `json:"k,omitempty"` // entries of that step of the scan that stood on the page before
}

func (c pageCursor) encode() string {
	raw, _ := json.Marshal(c) // strings and integers: it cannot fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

// listOf names the list that the pages of a query are of. The type is not a part of it: it only leaves
// out some of its tasks.
func listOf(q zeroq.TaskQuery) string {
	return q.Queue + "/" + string(q.State) + "/" + q.Fingerprint
}

// decodeCursor reads the cursor of a query, which must be as a page of the same list wrote it.
func decodeCursor(q zeroq.TaskQuery) (c pageCursor, err error) {
	text := q.Cursor
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err == nil && c.Score != "" {
		var score float64
		if score, err = strconv.ParseFloat(c.Score, 64); math.IsNaN(score) {
			err = strconv.ErrRange
		}
	}
	if err != nil || c.List != listOf(q) || c.encode() != text || c.Shelf < 0 || c.Index < 0 || c.Skip < 0 {
		return c, &zeroq.FieldError{Field: "cursor", Reason: "is none that a page of this list ended with"}
	}
	return c, nil
}

// pager gathers a page.
type pager struct {
	broker *Broker
	keys   queueKeys
	query  zeroq.TaskQuery
	cursor pageCursor
	tasks  []*zeroq.TaskInfo
	looked int
	bytes  int
	now    int64 // by the clock of Redis, in ms
}

// Tasks implements [broker.Inspector].
func (b *Broker) Tasks(ctx context.Context, query zeroq.TaskQuery) (zeroq.TaskPage, error) {
	if err := checkQuery(query); err != nil {
		return zeroq.TaskPage{}, err
	}
	cursor, err := decodeCursor(query)
	if err != nil {
		return zeroq.TaskPage{}, err
	}
	if err := b.checkUsed(ctx, query.Queue); err != nil {
		return zeroq.TaskPage{}, err
	}
	if err := b.checkListed(ctx, query.Queue, zeroq.Selection{State: query.State}); err != nil {
		return zeroq.TaskPage{}, err
	}
	p := &pager{broker: b, keys: keysOf(query.Queue), query: query, cursor: cursor, tasks: []*zeroq.TaskInfo{}}
	p.now = b.clock.now().UnixMilli()
	read := p.shelves
	if query.State == zeroq.Leased {
		read = p.leased
	}
	over, err := read(ctx)
	if err != nil {
		return zeroq.TaskPage{}, err
	}
	page := zeroq.TaskPage{Tasks: p.tasks}
	if !over {
		p.cursor.List = listOf(query)
		page.Next = p.cursor.encode()
	}
	return page, nil
}

func checkQuery(q zeroq.TaskQuery) error {
	if q.Limit < 1 {
		return &zeroq.FieldError{Field: "limit", Reason: "must be positive"}
	}
	if q.State == zeroq.Leased && q.Fingerprint == "" {
		return nil
	}
	return checkSelection(zeroq.Selection{State: q.State, Fingerprint: q.Fingerprint})
}

// full reports whether the page has all that it may, or has looked at enough.
func (p *pager) full() bool {
	return len(p.tasks) >= p.query.Limit || p.looked >= maxLook || p.bytes >= maxBatchBytes
}

// shelves reads from one shelf after the other and reports whether there is nothing more.
func (p *pager) shelves(ctx context.Context) (over bool, err error) {
	shelves := p.keys.shelves(p.query.State, p.query.Fingerprint)
	for p.cursor.Shelf < len(shelves) {
		from := shelves[p.cursor.Shelf]
		switch {
		case from.list == p.keys.finished:
			over, err = p.finished(ctx, from)
		case from.list != "":
			over, err = p.ready(ctx, from)
		default:
			over, err = p.index(ctx, from)
		}
		if err != nil || !over {
			return false, err
		}
		p.cursor = pageCursor{Shelf: p.cursor.Shelf + 1}
	}
	return true, nil
}

// index reads an index: what is to come by its time, what is over the newest first.
func (p *pager) index(ctx context.Context, from shelf) (over bool, err error) {
	way := "down"
	if p.query.State == zeroq.Scheduled || p.query.State == zeroq.Retry {
		way = "up"
	}
	for !p.full() {
		behind := entry{id: p.cursor.ID, score: p.cursor.Score}
		if behind.id == "" || behind.score == "" {
			behind = entry{}
		}
		most := min(lookSize, maxLook-p.looked)
		if p.query.Type == "" {
			most = min(most, p.query.Limit-len(p.tasks))
		}
		page, last, err := p.broker.peek(ctx, p.keys, from, way, behind, anyScore, most)
		if err != nil {
			return false, err
		}
		for i, e := range page {
			p.cursor.ID, p.cursor.Score = e.id, e.score
			p.bytes += len(e.record) + len(e.message)
			p.add(e)
			if p.full() && i < len(page)-1 {
				return false, nil
			}
		}
		if last {
			return true, nil
		}
	}
	return false, nil
}

// add puts a task on the page if it is what was asked for.
func (p *pager) add(e entry) {
	p.looked++
	info := p.describe(e)
	if info != nil && (p.query.Type == "" || info.Type == p.query.Type) {
		p.tasks = append(p.tasks, info)
	}
}

// describe makes a task's description of what was read of it; nil for one that is over.
func (p *pager) describe(e entry) *zeroq.TaskInfo {
	info := &zeroq.TaskInfo{ID: e.id, Queue: p.query.Queue}
	record, err := decodeRecord(e.record)
	if err == nil {
		err = record.fill(info)
	}
	if err == nil && p.query.State == zeroq.Succeeded && (e.record == "" || record.mark != markDone || record.forgetAt <= p.now) {
		return nil
	}
	if e.message != "" {
		fillFromMessage(info, []byte(e.message))
	}
	if err == nil && e.record != "" {
		info.Attempt = record.Attempt
	}
	info.State = p.query.State
	if info.State == zeroq.Scheduled || info.State == zeroq.Retry {
		if due, err := strconv.ParseFloat(e.score, 64); err == nil {
			info.NextRunAt = fromMillis(int64(due))
		}
	}
	if n := len(info.Errors); n > 0 && info.State != zeroq.Succeeded {
		info.Error = info.Errors[n-1].Message
	}
	return info
}
