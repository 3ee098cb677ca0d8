package doctest

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	// The blocks are compiled against these: go test runs this test again when they change.
	_ "github.com/zeroq-dev/zeroq/client"
	_ "github.com/zeroq-dev/zeroq/producer"
	_ "github.com/zeroq-dev/zeroq/queue"
	_ "github.com/zeroq-dev/zeroq/worker"
	_ "github.com/zeroq-dev/zeroq/zeroqtest"
)

// imports are the packages that fragments may use without saying so, by name.
var imports = map[string]string{
	"zeroq":     "github.com/zeroq-dev/zeroq",
	"producer":  "github.com/zeroq-dev/zeroq/producer",
	"queue":     "github.com/zeroq-dev/zeroq/queue",
	"zeroqtest": "github.com/zeroq-dev/zeroq/zeroqtest",
	"worker":    "github.com/zeroq-dev/zeroq/worker",
	"client":    "github.com/zeroq-dev/zeroq/client",
	"redis":     "github.com/redis/go-redis/v9",
	"service":   "github.com/zeromicro/go-zero/core/service",
	"logx":      "github.com/zeromicro/go-zero/core/logx",
	"context":   "context",
	"errors":    "errors",
	"fmt":       "fmt",
	"http":      "net/http",
	"json":      "encoding/json",
	"slices":    "slices",
	"sql":       "database/sql",
	"sync":      "sync",
	"synctest":  "testing/synctest",
	"testing":   "testing",
	"time":      "time",
}

// given is what statements of a page may use without saying where it comes from.
const given = "ctx context.Context, mux *zeroq.Mux, p *producer.Producer, c *client.Client, w *worker.Worker, " +
	"task *zeroq.Task, group *service.ServiceGroup, err error"

var givenImports = []string{"client", "context", "producer", "service", "worker", "zeroq"}

// fragment is a block of Go in a form that compiles. All fragments of a page are one package, so that
// one may use what another declares; a whole program is a package by itself.
type fragment struct {
	source string
	whole  bool
}

// complete makes a Go file of a block.
func (p *page) complete(b block) (fragment, error) {
	at := fmt.Sprintf("%s:%d", p.name, b.line)
	if pretty, err := format.Source([]byte(b.text)); err == nil && string(pretty) != b.text {
		return fragment{}, fmt.Errorf("%s: the code is not as gofmt writes it", at)
	}
	mark := "//line " + at + "\n"
	if file, err := parse(b.text); err == nil {
		for _, spec := range file.Imports {
			if strings.Contains(spec.Path.Value, "zeroq/internal") {
				return fragment{}, fmt.Errorf("%s: imports an internal package", at)
			}
		}
		return fragment{source: mark + b.text, whole: true}, nil
	}
	if file, err := parse("package page\n" + b.text); err == nil {
		return fragment{source: "package page\n" + importing(file, nil) + mark + b.text}, nil
	}
	file, err := parse("package page\nfunc _(" + given + ") error {\n{\n" + b.text + "}\nreturn nil\n}\n")
	if err != nil {
		return fragment{}, fmt.Errorf("%s: is neither a Go file nor declarations nor statements: %w", at, err)
	}
	use := ""
	for _, name := range declared(file) {
		use += "_ = " + name + "\n"
	}
	return fragment{source: "package page\n" + importing(file, givenImports) +
		"func _(" + given + ") error {\n{\n" + mark + b.text + use + "}\nreturn nil\n}\n"}, nil
}

func parse(text string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), "x.go", text, 0)
}

// importing imports what the file uses and does not have, and those of always.
func importing(file *ast.File, always []string) string {
	unresolved := make(map[string]bool)
	for _, id := range file.Unresolved {
		unresolved[id.Name] = true
	}
	names := slices.Clone(always)
	for node := range ast.Preorder(file) {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if id, ok := selector.X.(*ast.Ident); ok && unresolved[id.Name] && imports[id.Name] != "" {
				names = append(names, id.Name)
			}
		}
	}
	slices.Sort(names)
	text := ""
	for _, name := range slices.Compact(names) {
		text += fmt.Sprintf("import %s %q\n", name, imports[name])
	}
	return text
}

// declared are the names that the outermost statements of the wrapped block declare. A page need not
// use them all.
func declared(file *ast.File) (names []string) {
	body := file.Decls[len(file.Decls)-1].(*ast.FuncDecl).Body.List[0].(*ast.BlockStmt).List
	if len(body) > 0 {
		if _, ok := body[len(body)-1].(*ast.ReturnStmt); ok {
			return nil
		}
	}
	add := func(id *ast.Ident) {
		if id.Name != "_" && !slices.Contains(names, id.Name) {
			names = append(names, id.Name)
		}
	}
	for _, statement := range body {
		switch s := statement.(type) {
		case *ast.AssignStmt:
			for _, left := range s.Lhs {
				if id, ok := left.(*ast.Ident); ok && s.Tok == token.DEFINE {
					add(id)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if value, ok := spec.(*ast.ValueSpec); ok {
					for _, id := range value.Names {
						add(id)
					}
				}
			}
		}
	}
	return names
}

// compile builds the Go blocks of the pages, and returns what the compiler said. The files exist for
// the compiler only, within the module, so nothing is left behind.
func compile(t *testing.T, pages []*page) (blocks int, complaints string) {
	t.Helper()
	top, folder := root(t), t.TempDir()
	replace, packages := make(map[string]string), []string{}
	for i, p := range pages {
		for j, b := range p.blocks {
			if b.lang != "go" {
				continue
			}
			blocks++
			f, err := p.complete(b)
			if err != nil {
				complaints += err.Error() + "\n"
				continue
			}
			pkg := "page" + strconv.Itoa(i)
			if f.whole {
				pkg += "_" + strconv.Itoa(j)
			}
			real := filepath.Join(folder, fmt.Sprintf("%d_%d.go", i, j))
			if err := os.WriteFile(real, []byte(f.source), 0o600); err != nil {
				t.Fatal(err)
			}
			replace[filepath.Join(top, "internal", "doctest", "pages", pkg, fmt.Sprintf("block%d.go", j))] = real
			packages = append(packages, "./internal/doctest/pages/"+pkg)
		}
	}
	if len(packages) == 0 {
		return blocks, complaints
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	slices.Sort(packages)
	args := append([]string{"build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", os.DevNull}, slices.Compact(packages)...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = top
	if out, err := cmd.CombinedOutput(); err != nil {
		complaints += string(out) + err.Error()
	}
	return blocks, complaints
}

func TestCode_Compiles(t *testing.T) {
	t.Parallel()
	blocks, complaints := compile(t, pages(t))
	if complaints != "" {
		t.Error(complaints)
	}
	if blocks < 5 {
		t.Errorf("found %d blocks of Go", blocks)
	}
}

func TestCode_FindsWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"```go\nx := zeroq.NoSuchThing\n```\n", "NoSuchThing"},
		{"```go\nfunc f() int { return \"x\" }\n```\n", "bad.md:2"},
		{"```go\nthis is no Go\n```\n", "is neither"},
		{"```go\nx  :=  1\n```\n", "gofmt"},
		{"```go\npackage main\n\nimport _ \"github.com/zeroq-dev/zeroq/internal/wire\"\n\nfunc main() {}\n```\n", "internal package"},
		{"```go\npackage main\n\nfunc main() { undefined() }\n```\n", "undefined: undefined"},
	}
	var bad []*page
	for _, test := range tests {
		bad = append(bad, parsePage("bad.md", test.text))
	}
	_, complaints := compile(t, bad)
	for _, test := range tests {
		if !strings.Contains(complaints, test.want) {
			t.Errorf("%q is not among the complaints:\n%s", test.want, complaints)
		}
	}
}

func TestCode_WhatFragmentsMayLeaveOut(t *testing.T) {
	t.Parallel()
	p := parsePage("fine.md", strings.Join([]string{
		"```go\ntype email struct{ To string }\n\nfunc send(ctx context.Context, e email) error { return ctx.Err() }\n```",
		"```go\nmux := zeroq.NewMux()\nmux.Handle(\"email\", zeroq.HandlerOf(send))\nerr := errors.New(\"x\")\n```",
		"```go\nreturn p.Enqueue(ctx, zeroq.NewTask(\"email\", email{}))\n```",
		"```go\npackage main\n\nfunc main() {}\n```", "```text\nnonsense\n```", "",
	}, "\n"))
	if blocks, complaints := compile(t, []*page{p}); complaints != "" || blocks != 4 {
		t.Errorf("%d blocks: %s", blocks, complaints)
	}
}
