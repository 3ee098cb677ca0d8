package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// A rule that nothing planted breaks could be dropped from the checker, and no test would fail.
func TestRules_EachIsBrokenBySomethingPlanted(t *testing.T) {
	t.Parallel()
	broken := map[string]int{}
	for _, tt := range planted {
		broken[tt.want]++
	}
	for _, tt := range ruled {
		if tt.want != "" {
			broken[tt.want]++
		}
	}
	all := ruleNames(t)
	for _, name := range all {
		if broken[name] == 0 {
			t.Errorf("no planted history breaks %q", name)
		}
	}
	if len(all) != len(broken) {
		t.Errorf("%d rules, but %d are planted", len(all), len(broken))
	}
}

// ruleNames are the string constants of history.go.
func ruleNames(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "history.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			name, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	return names
}
