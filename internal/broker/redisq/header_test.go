package redisq

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// header is the contract at the head of a script.
type header struct {
	name    string
	purpose string
	keys    []headerKey
	args    string // "" when the script takes none
	returns string
	oom     string
	body    string // without comments
}

// headerKey is a KEYS line. One key may be of several names and types: "r:<bucket> or id:<id>".
type headerKey struct {
	names, types []string
	any          bool // a star: this key and all that follow
}

var (
	keysLine = regexp.MustCompile(`^KEYS\[(\d+)\]\s+(.+?)\s+((?:STRING|LIST|ZSET|HASH|SET)(?:\|(?:STRING|LIST|ZSET|HASH|SET))*)\s+\S`)
	comment  = regexp.MustCompile(`--[^\n]*`)
	keysUse  = regexp.MustCompile(`KEYS\[(\w+)\]`)
	orPipe   = regexp.MustCompile(` or |\|`)
)

// parts are what stands before scripts, and is none.
var parts = []string{"prelude", "taking"}

// scriptNames are all scripts, without the parts that stand before some of them.
func scriptNames() []string {
	files, err := sources.ReadDir("lua")
	if err != nil {
		panic(err) // the folder is embedded
	}
	var names []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(path.Base(f.Name()), ".lua"); ok && !slices.Contains(parts, name) {
			names = append(names, name)
		}
	}
	return names
}

// parseHeader takes a script apart. A line that is indented further continues the last part.
func parseHeader(t *testing.T, name string) header {
	t.Helper()
	h, text := header{name: name}, source(name)
	part := &h.purpose
	for line := range strings.Lines(text) {
		line, isComment := strings.CutPrefix(strings.TrimRight(line, "\n"), "--")
		if !isComment {
			break
		}
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "KEYS"):
			h.keys = append(h.keys, parseKey(t, name, line, len(h.keys)+1))
			part = new(string)
			continue
		case word == "ARGV":
			part = &h.args
		case word == "RETURNS":
			part = &h.returns
		case word == "OOM":
			part = &h.oom
		default:
			rest = line
		}
		*part = strings.TrimSpace(*part + " " + strings.TrimSpace(rest))
	}
	h.body = comment.ReplaceAllString(text, "")
	return h
}

func parseKey(t *testing.T, script, line string, want int) headerKey {
	t.Helper()
	parts := keysLine.FindStringSubmatch(line)
	if parts == nil {
		t.Fatalf("%s.lua: %q is not KEYS[n], name, type, content", script, line)
	}
	if n, _ := strconv.Atoi(parts[1]); n != want {
		t.Errorf("%s.lua: KEYS[%d] stands where KEYS[%d] should", script, n, want)
	}
	k := headerKey{any: strings.Contains(parts[2], "*"), types: strings.Split(parts[3], "|")}
	k.names = orPipe.Split(strings.ReplaceAll(parts[2], "*", ""), -1)
	return k
}

func TestScripts_HeaderSaysEverything(t *testing.T) {
	t.Parallel()
	for _, name := range scriptNames() {
		h := parseHeader(t, name)
		if !strings.HasSuffix(h.purpose, ".") || len(h.purpose) < 10 {
			t.Errorf("%s.lua: purpose %q is no sentence", name, h.purpose)
		}
		if len(h.keys) == 0 || h.args == "" || h.returns == "" {
			t.Errorf("%s.lua: KEYS, ARGV or RETURNS is missing", name)
		}
		if !strings.HasPrefix(h.oom, "runs: ") && !strings.HasPrefix(h.oom, "refused ") {
			t.Errorf("%s.lua: OOM says %q, not whether it runs at full memory", name, h.oom)
		}
		if strings.Contains(source(name), "cjson") || strings.Contains(source("prelude"), "cjson") {
			t.Errorf("%s.lua: JSON is never decoded in Lua", name)
		}
		if takesArgs := strings.Contains(h.body, "take") || strings.Contains(h.body, "ARGV"); !takesArgs {
			t.Errorf("%s.lua: takes no ARGV, its header says %q", name, h.args)
		}
	}
}

func TestScripts_UseExactlyTheKeysTheyDeclare(t *testing.T) {
	t.Parallel()
	for _, name := range scriptNames() {
		h := parseHeader(t, name)
		used, loops := map[int]bool{}, false
		for _, use := range keysUse.FindAllStringSubmatch(h.body, -1) {
			n, err := strconv.Atoi(use[1])
			if err != nil {
				loops = true // an index that is a variable: it runs over the starred key
				continue
			}
			used[n] = true
			if n < 1 || n > len(h.keys) {
				t.Errorf("%s.lua: KEYS[%d] is used and not declared", name, n)
			}
		}
		for i, key := range h.keys {
			last := i == len(h.keys)-1
			if !used[i+1] && !(key.any && loops) {
				t.Errorf("%s.lua: KEYS[%d] is declared and not used", name, i+1)
			}
			if key.any && !last {
				t.Errorf("%s.lua: KEYS[%d] has a star and is not the last", name, i+1)
			}
			if last && key.any != loops {
				t.Errorf("%s.lua: a star on the last key is %v, a loop over KEYS is %v", name, key.any, loops)
			}
		}
	}
}

var (
	returned = regexp.MustCompile(`(?s)return \{(.*?)\}\s*(?:\n|--|$)`)
	called   = regexp.MustCompile(`redis\.call\('[A-Z]+'`)
	quotedUp = regexp.MustCompile(`'([A-Z]{2,})'`)
	upWord   = regexp.MustCompile(`\b[A-Z]{2,}\b`)
)

// statusesOf are the statuses that a script's body returns.
func statusesOf(h header) []string {
	var all []string
	for _, tuple := range returned.FindAllStringSubmatch(h.body, -1) {
		for _, status := range quotedUp.FindAllStringSubmatch(called.ReplaceAllString(tuple[1], ""), -1) {
			all = append(all, status[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestScripts_ReturnTheStatusesThatGoKnows(t *testing.T) {
	t.Parallel()
	known := statusConstants(t)
	everReturned := map[string]bool{}
	for _, name := range scriptNames() {
		h := parseHeader(t, name)
		body := statusesOf(h)
		if len(body) == 0 {
			t.Errorf("%s.lua returns no status", name)
		}
		for _, status := range body {
			everReturned[status] = true
			if !known[status] {
				t.Errorf("%s.lua returns %s, which script.go does not have", name, status)
			}
		}
		var promised []string
		for _, word := range upWord.FindAllString(h.returns, -1) {
			if known[word] {
				promised = append(promised, word)
			}
		}
		slices.Sort(promised)
		if promised = slices.Compact(promised); !slices.Equal(promised, body) {
			t.Errorf("%s.lua: its header promises %v, its body returns %v", name, promised, body)
		}
	}
	for status := range known {
		if !everReturned[status] {
			t.Errorf("script.go has %s, which no script returns", status)
		}
	}
}

// statusConstants reads the status constants from script.go.
func statusConstants(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "script.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "status") || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			known[value] = true
		}
		return true
	})
	return known
}

func TestScripts_EveryFileIsLoaded(t *testing.T) {
	t.Parallel()
	text, err := parser.ParseFile(token.NewFileSet(), "script.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var loaded []string
	ast.Inspect(text, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
			fn, _ := call.Fun.(*ast.Ident)
			literal, isText := call.Args[0].(*ast.BasicLit)
			if fn != nil && fn.Name == "load" && isText {
				loaded = append(loaded, strings.Trim(literal.Value, `"`))
			}
		}
		return true
	})
	slices.Sort(loaded)
	if files := scriptNames(); !slices.Equal(loaded, files) {
		t.Errorf("loaded are %v, the files are %v", loaded, files)
	}
}
