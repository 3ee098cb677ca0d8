package redisq

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq/internal/taskid"
)

const keysDoc = "../../../docs/redis-keys.md"

var keyComment = regexp.MustCompile(`^(\S+)\s+(STRING|LIST|ZSET|HASH|SET|CHANNEL)\s+\S`)

// documentedKeys are the keys of a queue, by name without prefix, with their types, as the comments
// in keys.go give them. It checks the comments against the names that are really used.
func documentedKeys(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "keys.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	real, all := reflect.ValueOf(keysOf("q")), map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "queueKeys" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			name := field.Names[0].Name
			if name == "prefix" {
				continue
			}
			parts := keyComment.FindStringSubmatch(field.Comment.Text())
			if parts == nil {
				t.Errorf("keys.go: the comment of %s is not name, type, content", name)
				continue
			}
			all[parts[1]] = parts[2]
			fixed, _, _ := strings.Cut(parts[1], "<")
			if got := real.FieldByName(name).String(); got != "zq:{q}:"+fixed {
				t.Errorf("keys.go: %s is %s, its comment says %s", name, got, parts[1])
			}
		}
		return false
	})
	// Records have no field of their own: place makes their keys.
	all["r:<bucket>"], all["id:<id>"] = "HASH", "STRING"
	return all
}

func TestKeys_RecordsArePlacedAsDocumented(t *testing.T) {
	t.Parallel()
	k := keysOf("q")
	for id, want := range map[string]place{
		taskid.New("q", 0, 0):       {"zq:{q}:r:0", "0"},
		taskid.New("q", 0, 63):      {"zq:{q}:r:0", "63"},
		taskid.New("q", 0, 64):      {"zq:{q}:r:1", "0"},
		taskid.New("q", 0, 1<<50-1): {"zq:{q}:r:17592186044415", "63"},
		"order-7":                   {"zq:{q}:id:order-7", ""},
		"a.b:c":                     {"zq:{q}:id:a.b:c", ""},
	} {
		if got := k.place(id); got != want {
			t.Errorf("%s is at %v, want %v", id, got, want)
		}
	}
}

// Go and Lua find the record of an id each in their own way.
func TestKeys_LuaFindsRecordsWhereGoDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, id := range []string{
		taskid.New("q", 0, 0), taskid.New("q", 0, 63), taskid.New("q", 0, 64), taskid.New("q", 0, 1<<31+5), taskid.New("q", 0, 1<<50-1),
		taskid.New("q", 7, 12345), "order-7", "a.b:c", "x~", "0",
	} {
		script := source("prelude") + "local key, slot = record_place('zq:{q}:', ARGV[1])\nreturn {key, tostring(slot or '')}"
		got, err := r.client.Eval(t.Context(), script, nil, id).StringSlice()
		r.must(err)
		if want := r.keys.place(id); got[0] != want.key || got[1] != want.slot {
			t.Errorf("%s: Lua has %v, Go %v", id, got, want)
		}
	}
}

func TestKeys_AllShareTheQueuesTag(t *testing.T) {
	t.Parallel()
	real := reflect.ValueOf(keysOf("some-queue"))
	for i := range real.NumField() {
		if key := real.Field(i).String(); !strings.HasPrefix(key, "zq:{some-queue}:") {
			t.Errorf("%s is %s", real.Type().Field(i).Name, key)
		}
	}
}

func TestScripts_DeclareKeysOfTheirRealTypes(t *testing.T) {
	t.Parallel()
	keys := documentedKeys(t)
	for _, name := range scriptNames() {
		for i, key := range parseHeader(t, name).keys {
			if key.names[0] == "answer:<key>" { // of no queue
				continue
			}
			for _, keyName := range key.names {
				keyName = strings.NewReplacer("if:<dead>", "if:<group>", "if:<new>", "if:<group>").Replace(keyName)
				kind, known := keys[keyName]
				if keyName == keyOperations {
					kind, known = "ZSET", true
				}
				if !known || !slices.Contains(key.types, kind) {
					t.Errorf("%s.lua: KEYS[%d] %s is a %v, keys.go has %q", name, i+1, keyName, key.types, kind)
				}
			}
		}
	}
}

// docRow is a row of the table of keys: | `zq:{q}:ready` | LIST | content | lifetime | `fetch`, … |
var docRow = regexp.MustCompile("(?m)^\\| `(zq:[^`]+)` \\| (\\w+) \\| [^|]+ \\| [^|]+ \\| ([^|]+) \\|$")

// With ZEROQ_UPDATE_DOCS set, the test writes the scripts of each row in place of comparing them.
func TestDocs_ListExactlyTheKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(keysDoc)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		keyQueues:           "SET",
		keyWorkers:          "ZSET",
		keyWorker + "<id>":  "STRING",
		keyOperations:       "ZSET",
		keySchedules:        "HASH",
		keyAnswer + "<key>": "HASH",
	}
	for name, kind := range documentedKeys(t) {
		want["zq:{q}:"+name] = kind
	}
	users := keyUsers(t)
	if os.Getenv("ZEROQ_UPDATE_DOCS") != "" {
		raw = docRow.ReplaceAllFunc(raw, func(row []byte) []byte {
			parts := docRow.FindSubmatch(row)
			should := users[strings.TrimPrefix(string(parts[1]), "zq:{q}:")]
			return fmt.Appendf(nil, "%s%s |", bytes.TrimSuffix(row, fmt.Appendf(nil, "%s |", parts[3])), should)
		})
		if err := os.WriteFile(keysDoc, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range docRow.FindAllStringSubmatch(string(raw), -1) {
		key, kind, scripts := row[1], row[2], row[3]
		if want[key] != kind {
			t.Errorf("%s is a %s in the docs, %q in keys.go", key, kind, want[key])
		}
		delete(want, key)
		if should := users[strings.TrimPrefix(key, "zq:{q}:")]; scripts != should {
			t.Errorf("%s: the docs name %s, the scripts that use it are %s", key, scripts, should)
		}
	}
	for key, kind := range want {
		t.Errorf("%s (%s) is not in the docs: | `%s` | %s | … | … | %s |", key, kind, key, kind, users[strings.TrimPrefix(key, "zq:{q}:")])
	}
}

// byPrefix are the keys that scripts make of a prefix in ARGV, and so do not declare.
var byPrefix = map[string][]string{
	"if:<group>":    {"admit", "cancel", "census", "delete", "lookup", "recount"},
	"r:<bucket>":    {"admit", "claim", "enqueue_one", "peek_index", "purge_finished", "purge_index", "purge_list", "revive", "revive_index", "sweep_index", "sweep_list"},
	"id:<id>":       {"admit", "claim", "enqueue_one", "peek_index", "purge_finished", "purge_index", "purge_list", "revive", "revive_index", "sweep_index", "sweep_list"},
	"unique:<hash>": {"cancel", "delete", "purge_finished", "purge_index", "purge_list", "revive", "revive_index", "settle"},
	"scheduled":     {"claim", "enqueue", "enqueue_one", "revive"},
	"dead":          {"delete", "revive"},
	"dead:<fp>":     {"delete", "purge_index", "revive", "revive_index", "settle", "sweep_index"},
	"done":          {"cancel", "delete", "purge_index", "purge_list", "settle"},
	"stop":          {"cancel"},
	"errors":        {"purge_index", "revive_index", "sweep_index"},
	"ready":         {"enqueue", "enqueue_one"},
	"landing":       {"enqueue", "enqueue_one"},
	"suspect":       {"enqueue", "enqueue_one"},
	"retry":         {"enqueue", "enqueue_one"},
	"withdrawn":     {"enqueue", "enqueue_one"},
	"ready:high":    {"enqueue", "enqueue_one"},
	"ready:low":     {"enqueue", "enqueue_one"},
	"relaying":      {"enqueue", "enqueue_one"},
}

// keyUsers are, for each key of a queue, the scripts that use it, as the docs write them.
func keyUsers(t *testing.T) map[string]string {
	t.Helper()
	users := map[string][]string{}
	for key, names := range byPrefix {
		users[key] = append(users[key], names...)
	}
	for _, name := range scriptNames() {
		for _, key := range parseHeader(t, name).keys {
			for _, keyName := range key.names {
				keyName = strings.NewReplacer("<dead>", "<group>", "<new>", "<group>").Replace(keyName)
				users[keyName] = append(users[keyName], name)
			}
		}
	}
	written := map[string]string{
		keyQueues:           "none",
		keyWorkers:          "none",
		keyWorker + "<id>":  "none",
		keyOperations:       "`op_note`",
		keySchedules:        "none",
		keyAnswer + "<key>": "`answer`, `reserve`",
	}
	for name := range documentedKeys(t) {
		scripts := users[name]
		slices.Sort(scripts)
		scripts = slices.Compact(scripts)
		written[name] = "none"
		if len(scripts) > 0 {
			written[name] = "`" + strings.Join(scripts, "`, `") + "`"
		}
	}
	return written
}
