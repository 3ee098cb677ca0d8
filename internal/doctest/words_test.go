package doctest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// docs/glossary.md has one word for each thing. These are other projects' words for ours.
var (
	foreignWord = regexp.MustCompile(`(?i)\b(jobs?|morgues?|archiv(e|es|ed|ing))\b`)
	foreignName = regexp.MustCompile(`(^|[a-z0-9_])(Jobs?|Morgues?|Archived?s?)([A-Z0-9_]|$)`)
)

// comparing are pages and folders that speak of other projects, by their words.
var comparing = []string{"docs/glossary.md", "docs/comparison", "docs/adr/"}

// checkWords says where the page uses foreign words in its prose.
func (p *page) checkWords() (found []string) {
	if slices.ContainsFunc(comparing, func(prefix string) bool { return strings.HasPrefix(p.name, prefix) }) {
		return nil
	}
	for _, l := range p.lines {
		text := linkMark.ReplaceAllString(codeSpan.ReplaceAllString(l.text, ""), "$1")
		if word := foreignWord.FindString(text); word != "" {
			found = append(found, fmt.Sprintf("%s:%d: %q is not our word, see docs/glossary.md", p.name, l.number, word))
		}
	}
	return found
}

func TestWords(t *testing.T) {
	for _, p := range pages(t) {
		for _, found := range p.checkWords() {
			t.Error(found)
		}
	}
}

func TestWords_FindsTheForeign(t *testing.T) {
	text := "A job.\n`job` [text](job.md)\nIt is archived\nJobless, a morgue\n```\njob\n```\n"
	if found := parsePage("docs/x.md", text).checkWords(); len(found) != 3 {
		t.Errorf("found %q", found)
	}
	if found := parsePage("docs/glossary.md", text).checkWords(); found != nil {
		t.Errorf("found %q in a page that compares", found)
	}
}

// exported are the exported names of a Go file, fields and methods included.
func exported(fset *token.FileSet, file *ast.File) (names []line) {
	add := func(id *ast.Ident) {
		if id.IsExported() {
			names = append(names, line{fset.Position(id.Pos()).Line, id.Name})
		}
	}
	for node := range ast.Preorder(file) {
		switch n := node.(type) {
		case *ast.FuncDecl:
			add(n.Name)
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				add(id)
			}
		case *ast.Field:
			for _, id := range n.Names {
				add(id)
			}
		}
	}
	return names
}

func TestExportedNames(t *testing.T) {
	seen := 0
	for _, folder := range []string{".", "producer", "worker", "client", "api/app", "consumer/app"} {
		files, err := filepath.Glob(filepath.Join(root(t), folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range exported(fset, file) {
				seen++
				if foreignName.MatchString(n.text) {
					t.Errorf("%s:%d: %s is not our word, see docs/glossary.md", name, n.number, n.text)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("found %d exported names", seen)
	}
}

func TestExportedNames_FindsTheForeign(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", "package x\ntype MaxJob struct { Archived, Fine int; job int }\nfunc (MaxJob) JobsOf() {}\nvar Jobless int\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for _, n := range exported(fset, file) {
		if foreignName.MatchString(n.text) {
			bad = append(bad, n.text)
		}
	}
	if want := []string{"MaxJob", "Archived", "JobsOf"}; !slices.Equal(bad, want) {
		t.Errorf("found %q, want %q", bad, want)
	}
}

// The glossary has every state.
func TestGlossary(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range zeroq.States {
		if !strings.Contains(string(text), "`"+string(state)+"`") {
			t.Errorf("docs/glossary.md does not have the state %s", state)
		}
	}
}
