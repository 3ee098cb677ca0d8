package main

// Suites of the HTTP API.
const (
	keys    = "./api/internal/idempotency"
	api     = "./api/app"
	answers = "TestIdempotency_|TestEnqueue_|TestBatch_"
	owners  = "TestConformance_Redis/^Ledger_|TestReplay_Reservation|TestLedger_"
)

// ledgers is what makes a request safe to send again.
var ledgers = []Mutant{{
	Name: "answer-kept-before-the-task-is-in", Why: "an idempotency key is answered though its task was not enqueued", File: "api/internal/idempotency/idempotency.go",
	Old: "	k.next.ServeHTTP(recorder, r.WithContext", New: "	k.complete(r.Context(), key, reservation.Owner, recorder)\n	k.next.ServeHTTP(recorder, r.WithContext",
	Package: api, Run: answers,
}, {
	Name: "answer-kept-after-it-is-sent", Why: "a client that is quick sees its own request in progress", File: "api/internal/idempotency/idempotency.go",
	Old: ending + "	recorder.send()\n", New: "	recorder.send()\n" + ending,
	Package: keys, Run: "Test",
}, {
	Name: "answer-5xx-kept", Why: "a request that failed fails for ever under its key", File: "api/internal/idempotency/recorder.go",
	Old: "return r.status/100 == 2 || r.status == http.StatusConflict", New: "return r.status/100 != 4 || r.status == http.StatusConflict",
	Package: api, Run: answers,
}, {
	Name: "answer-of-a-part-kept", Why: "a batch that is in by half stays so under its key", File: "api/internal/idempotency/idempotency.go",
	Old: "case recorder.final() && !b.partial.Load():", New: "case recorder.final():",
	Package: api, Run: answers,
}, {
	Name: "answer-duplicate-of-itself", Why: "a request that is sent again after a crash is refused as a duplicate of itself", File: "api/internal/idempotency/name.go",
	Old: "errors.Is(err, zeroq.ErrDuplicateID) || ", New: "",
	Package: api, Run: answers,
}, {
	Name: "answer-unnamed", Why: "a request that is sent again after a crash enqueues another task", File: "api/internal/idempotency/name.go",
	Old: "if b == nil || task.ID != \"\" {", New: "if true {",
	Package: api, Run: answers,
}, {
	Name: "reservation-outlives-a-panic", Why: "after a panic nobody can send the request again", File: "api/internal/idempotency/idempotency.go",
	Old: "if !settled {", New: "if false && !settled {",
	Package: keys, Run: "Test",
}, {
	Name: "reservation-never-renewed", Why: "a long request is begun again by another", File: "api/internal/idempotency/idempotency.go",
	Old: "return k.ledger.Renew(ctx, key, owner, lease)", New: "return nil",
	Package: keys, Run: "Test",
}, {
	Name: "reservation-of-two", Why: "two begin one request at the same time", File: scripts + "reserve.lua",
	Old: "if known[3] and known[3] ~= owner and tonumber(known[4]) > now then", New: "if false then",
	Package: redisq, Run: owners,
}, {
	Name: "reservation-of-another-request", Why: "one key answers two different requests", File: scripts + "reserve.lua",
	Old: "if known[3] and known[1] ~= fingerprint then", New: "if false then",
	Package: redisq, Run: owners,
}, {
	Name: "reservation-names-anew", Why: "a request that is begun again gives its tasks other ids", File: scripts + "reserve.lua",
	Old: "if known[1] == fingerprint then", New: "if false then",
	Package: redisq, Run: owners,
}, {
	Name: "answer-by-anybody", Why: "who lost a reservation writes its answer", File: scripts + "answer.lua",
	Old: "if known[1] ~= owner then", New: "if false then",
	Package: redisq, Run: owners,
}}

// ending is the end of a reservation, in the source.
const ending = `	switch {
	case recorder.final() && !b.partial.Load():
		k.complete(r.Context(), key, reservation.Owner, recorder)
	case recorder.refused():
		k.forget(r.Context(), key, reservation.Owner)
	default:
		k.release(r.Context(), key, reservation.Owner)
	}
`
