package redisq

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	scriptAdmit         = load("admit")
	scriptAllocate      = load("allocate")
	scriptAnswer        = load("answer")
	scriptBeat          = load("beat")
	scriptCancel        = load("cancel")
	scriptCensus        = load("census")
	scriptClaim         = load("claim")
	scriptCommit        = load("commit")
	scriptDelete        = load("delete")
	scriptEnqueue       = load("enqueue")
	scriptEnqueueOne    = load("enqueue_one")
	scriptFetch         = load("fetch")
	scriptGate          = load("gate")
	scriptJoin          = load("join")
	scriptLeave         = load("leave")
	scriptLookup        = load("lookup")
	scriptOpAdopt       = load("op_adopt")
	scriptOpBegin       = load("op_begin")
	scriptOpEnd         = load("op_end")
	scriptOpNote        = load("op_note")
	scriptOpSave        = load("op_save")
	scriptPeekIndex     = load("peek_index")
	scriptProgress      = load("progress")
	scriptMeasure       = load("measure")
	scriptPromote       = load("promote")
	scriptPurgeFinished = load("purge_finished")
	scriptPurgeIndex    = load("purge_index")
	scriptPurgeList     = load("purge_list")
	scriptRecount       = load("recount")
	scriptRelayDone     = load("relay_done")
	scriptRelayTake     = load("relay_take")
	scriptReserve       = load("reserve")
	scriptRevive        = load("revive")
	scriptReviveIndex   = load("revive_index")
	scriptSample        = load("sample")
	scriptSchedule      = load("schedule")
	scriptSettle        = load("settle")
	scriptSteal         = load("steal")
	scriptSweepIndex    = load("sweep_index")
	scriptSweepList     = load("sweep_list")
	scriptTick          = load("tick")
	scriptUnlock        = load("unlock")
	scriptUnschedule    = load("unschedule")
	scriptYield         = load("yield")
)

// Statuses that scripts answer with.
const (
	statusOK        = "OK"
	statusEmpty     = "EMPTY"
	statusPaused    = "PAUSED"
	statusLimited   = "LIMITED"
	statusStopped   = "STOPPED"
	statusTaken     = "TAKEN"
	statusReplaced  = "REPLACED"
	statusFull      = "FULL"
	statusDraining  = "DRAINING"
	statusFenced    = "FENCED"
	statusStale     = "STALE"
	statusPartial   = "PARTIAL"
	statusForgot    = "FORGOT"
	statusGone      = "GONE"
	statusHeld      = "HELD"
	statusDuplicate = "DUPLICATE"
	statusScheduled = "SCHEDULED"
	statusRetry     = "RETRY"
	statusLeased    = "LEASED"
	statusElsewhere = "ELSEWHERE"
	statusNone      = "NONE"
	statusDead      = "DEAD"
	statusExpired   = "EXPIRED"
	statusCancelled = "CANCELLED"
	statusChanged   = "CHANGED"
	statusOther     = "OTHER"
	statusAnswered  = "ANSWERED"
)

// names are those of all scripts, by their SHA-1.
var names = make(map[string]string)

func load(name string) *redis.Script {
	text, before := source(name), source("prelude")
	if slices.Contains(taking, name) {
		before += "\n" + source("taking")
	}
	script := redis.NewScript(needed(before, text) + text)
	names[script.Hash()] = name
	return script
}

// needed are the paragraphs whose functions the script uses, or one that it uses does: defining the others would
// take time in each call.
func needed(before, script string) string {
	text, used := "", make(map[string]bool)
	use := func(lua string) {
		for _, word := range words(lua) {
			used[word] = true
		}
	}
	use(script)
	paragraphs := strings.Split(strings.TrimSpace(before), "\n\n")
	for _, paragraph := range slices.Backward(paragraphs) { // Lua's local functions are defined before they are used
		if slices.ContainsFunc(definitions(paragraph), func(name string) bool { return used[name] }) {
			text = paragraph + "\n\n" + text
			use(paragraph)
		}
	}
	return text
}

// definitions are the names that a paragraph of Lua defines for those behind it.
func definitions(paragraph string) (names []string) {
	for line := range strings.Lines(paragraph) {
		if definition, is := strings.CutPrefix(line, "local "); is {
			names = append(names, words(strings.TrimPrefix(definition, "function "))[0])
		}
	}
	return names
}

// words are the names and numbers in a text of Lua.
func words(lua string) []string {
	return strings.FieldsFunc(lua, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// taking are the scripts that take tasks: they have functions of their own.
var taking = []string{"admit", "fetch", "relay_take"}

func source(name string) string {
	text, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // the file is embedded
	}
	return string(text)
}

// reply is a script's answer: a status, the time of Redis, and what the script's head says.
type reply struct {
	status string
	rest   []any
	err    error // of one call of several; else it is returned beside the reply
}

// run runs a script and keeps the clock in step with the time that it answers.
func (b *Broker) run(ctx context.Context, on redis.Scripter, script *redis.Script, keys []string, args ...any) (reply, error) {
	answer, err := script.Run(ctx, on, keys, args...).Slice()
	if err != nil {
		return reply{}, explain(err)
	}
	return b.read(answer)
}

// read takes a script's answer apart.
func (b *Broker) read(answer []any) (reply, error) {
	if len(answer) < 2 {
		return reply{}, fmt.Errorf("script answered %d values", len(answer))
	}
	status, ok := answer[0].(string)
	now, isTime := answer[1].(int64)
	if !ok || !isTime {
		return reply{}, fmt.Errorf("script answered %v", answer[:2])
	}
	b.clock.sync(now)
	return reply{status: status, rest: answer[2:]}, nil
}

func (r reply) number(i int) int64 {
	n, _ := r.rest[i].(int64)
	return n
}

func (r reply) text(i int) string {
	s, _ := r.rest[i].(string)
	return s
}

func (r reply) list(i int) []any {
	l, _ := r.rest[i].([]any)
	return l
}

// Scripts names each script by its SHA-1, as calls on the wire have it.
func Scripts() map[string]string { return maps.Clone(names) }
