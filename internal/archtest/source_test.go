package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	maxFileLines = 500
	maxFuncLines = 70
)

// A package says what it is for, and what it exports says how to use it.
func TestDocs(t *testing.T) {
	for _, p := range load(t) {
		var files []*source
		for _, path := range p.files() {
			files = append(files, parse(t, path))
		}
		if !slices.ContainsFunc(files, func(f *source) bool {
			return f.describes(p.Name) && (!f.test || len(p.GoFiles) == 0)
		}) {
			t.Errorf("package %s: no file has a comment that begins with %q", p.path(), "Package "+p.Name)
		}
		if strings.Contains(p.path()+"/", "/internal/") {
			continue // seen by nobody else; staticcheck looks at the form of what comments there are
		}
		for _, f := range files {
			if f.test || f.generated() {
				continue
			}
			for _, name := range f.undocumented() {
				t.Errorf("%s: exported %s has no comment", f.at(name), name.Name)
			}
		}
	}
}

// Small enough to read at one sitting. Tests and tables in them may be longer.
func TestSizes(t *testing.T) {
	for _, p := range load(t) {
		for _, path := range p.files() {
			f := parse(t, path)
			if f.test || f.generated() {
				continue
			}
			if n := f.lines(f.file.FileStart, f.file.FileEnd); n > maxFileLines {
				t.Errorf("%s: %d lines, more than %d: split it by nouns", f.at(f.file.Name), n, maxFileLines)
			}
			for _, fn := range f.functions() {
				if n := f.lines(fn.Pos(), fn.End()); n > maxFuncLines {
					t.Errorf("%s: %s has %d lines, more than %d", f.at(fn), fn.Name, n, maxFuncLines)
				}
			}
		}
	}
}

// A test that sleeps is slow when all is well and wrong when the machine is busy: wait for what should
// happen, or use testing/synctest, where time is not real and a sleep takes none.
func TestNoSleeps(t *testing.T) {
	for _, p := range load(t) {
		for _, path := range p.files() {
			f := parse(t, path)
			if !f.test {
				continue
			}
			for _, call := range f.sleeps() {
				t.Errorf("%s: time.Sleep in a test", f.at(call))
			}
		}
	}
}

// source is a parsed Go file.
type source struct {
	fset *token.FileSet
	file *ast.File
	test bool
}

func parse(t *testing.T, path string) *source {
	t.Helper()
	return parseSource(t, path, nil)
}

// parseSource parses text, or the file at path when that is nil.
func parseSource(t *testing.T, path string, text any) *source {
	t.Helper()
	f := &source{fset: token.NewFileSet(), test: strings.HasSuffix(path, "_test.go")}
	var err error
	if f.file, err = parser.ParseFile(f.fset, path, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *source) generated() bool { return ast.IsGenerated(f.file) }

// at is where n stands, as file:line.
func (f *source) at(n ast.Node) string {
	p := f.fset.Position(n.Pos())
	if rel, err := filepath.Rel(root(), p.Filename); err == nil {
		p.Filename = rel
	}
	p.Column = 0
	return p.String()
}

func root() string {
	abs, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return ""
	}
	return abs
}

func (f *source) lines(from, to token.Pos) int {
	return f.fset.Position(to).Line - f.fset.Position(from).Line + 1
}

// describes tells whether the file has the comment of its package. A program may begin it as it likes.
func (f *source) describes(name string) bool {
	doc := f.file.Doc.Text()
	if name == "main" {
		return doc != "" && !strings.HasPrefix(doc, "Code ") && !strings.HasPrefix(doc, "goctl ")
	}
	return strings.HasPrefix(doc, "Package "+name+" ")
}

func (f *source) functions() []*ast.FuncDecl {
	var all []*ast.FuncDecl
	for _, d := range f.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			all = append(all, fn)
		}
	}
	return all
}

// fixed are methods whose meaning the standard library has fixed.
var fixed = map[string]bool{"Error": true, "Unwrap": true}

// undocumented are the exported names without a comment.
func (f *source) undocumented() []*ast.Ident {
	var all []*ast.Ident
	for _, d := range f.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !fixed[d.Name.Name] {
				all = append(all, d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				all = append(all, undocumentedSpec(d, s)...)
			}
		}
	}
	return all
}

// undocumentedSpec looks at one spec of a declaration. A comment above a group speaks for all in it.
func undocumentedSpec(d *ast.GenDecl, s ast.Spec) []*ast.Ident {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
			return []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if d.Doc == nil && s.Doc == nil && s.Comment == nil {
			return slices.DeleteFunc(slices.Clone(s.Names), func(n *ast.Ident) bool { return !n.IsExported() })
		}
	}
	return nil
}

// exportedReceiver tells whether fn is a function, or a method of an exported type.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	var typ *ast.Ident // the first name: those after it are type parameters
	ast.Inspect(fn.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && typ == nil {
			typ = id
		}
		return typ == nil
	})
	return typ.IsExported()
}

// sleeps are the calls of time.Sleep outside of synctest.Test.
func (f *source) sleeps() []*ast.CallExpr {
	var all []*ast.CallExpr
	ast.Inspect(f.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if calls(call, "time", "Sleep") {
			all = append(all, call)
		}
		return !calls(call, "synctest", "Test")
	})
	return all
}

func calls(call *ast.CallExpr, pkg, name string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

func TestSource_FindsWhatBreaksTheRules(t *testing.T) {
	f := parseSource(t, "x_test.go", `// Package x is here.
package x

type Bare struct{}
func (Bare) Method() {}
func (*hidden[T]) Method() {}
func (b *Generic[T]) Other() {}
func (Bare) Error() string
type hidden[T any] struct{}

// Fine is documented.
type Fine struct{}

// A group speaks for all in it.
const (
	A = 1
	B = 2
)

var (
	C = 1 // C is documented here.
	D = 2
)

func test() {
	synctest.Test(t, func() { time.Sleep(1) })
	time.Sleep(1)
}
`)
	var names []string
	for _, n := range f.undocumented() {
		names = append(names, n.Name)
	}
	if want := []string{"Bare", "Method", "Other", "D"}; !slices.Equal(names, want) {
		t.Errorf("undocumented: %v, want %v", names, want)
	}
	if !f.describes("x") || f.describes("y") {
		t.Error("describes is wrong")
	}
	if n := len(f.sleeps()); n != 1 {
		t.Errorf("%d sleeps, want 1", n)
	}
	if n := f.lines(f.file.FileStart, f.file.FileEnd); n != 28 {
		t.Errorf("%d lines, want 28", n)
	}
}
