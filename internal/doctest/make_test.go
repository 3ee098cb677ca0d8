package doctest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
	quoted     = regexp.MustCompile(`"[^"]*"|'[^']*'`)
)

// makeTargets are the targets of a Makefile.
func makeTargets(text string) (targets []string) {
	for _, m := range makeTarget.FindAllStringSubmatch(text, -1) {
		targets = append(targets, m[1])
	}
	return targets
}

// commands are the lines of the page's shell blocks, and its code in the prose.
func (p *page) commands() []line {
	var all []line
	for _, b := range p.blocks {
		if !slices.Contains([]string{"", "sh", "bash", "shell", "console"}, b.lang) {
			continue
		}
		for i, text := range strings.Split(b.text, "\n") {
			all = append(all, line{b.line + i, strings.TrimPrefix(strings.TrimSpace(text), "$ ")})
		}
	}
	for _, l := range p.lines {
		for _, m := range codeSpan.FindAllStringSubmatch(l.text, -1) {
			all = append(all, line{l.number, m[2]})
		}
	}
	return all
}

// checkMake says which targets of make the page names that are not there.
func (p *page) checkMake(targets []string) (missing []string) {
	for _, c := range p.commands() {
		text, _, _ := strings.Cut(quoted.ReplaceAllString(c.text, "x"), "#")
		words := strings.Fields(text)
		if len(words) == 0 || words[0] != "make" {
			continue
		}
		for _, word := range words[1:] {
			if word == "&&" || word == "|" || word == ";" {
				break
			}
			if strings.HasPrefix(word, "-") || strings.Contains(word, "=") || slices.Contains(targets, word) {
				continue
			}
			missing = append(missing, fmt.Sprintf("%s:%d: make has no target %s", p.name, c.number, word))
		}
	}
	return missing
}

func TestMakeTargets(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := makeTargets(string(text))
	if len(targets) < 5 {
		t.Fatalf("the Makefile has targets %q", targets)
	}
	named := 0
	for _, p := range pages(t) {
		for _, missing := range p.checkMake(targets) {
			t.Error(missing)
		}
		for _, c := range p.commands() {
			if strings.HasPrefix(c.text, "make ") {
				named++
			}
		}
	}
	if named < 3 {
		t.Errorf("the pages name make %d times", named)
	}
}

func TestMakeTargets_FindsTheMissing(t *testing.T) {
	p := parsePage("x.md", "Say `make run`, not `make walk`; make sure.\n```sh\n$ make test ARGS=\"-run X ./y\" # make fine\nmake check fly\nmake run && make no\n```\n```go\nmake fool\n```\n")
	missing := p.checkMake(makeTargets("run: ## x\n\tdo\ntest:\ncheck: x\n.PHONY: fly\n"))
	if len(missing) != 2 || !strings.Contains(missing[0], "fly") || !strings.Contains(missing[1], "walk") {
		t.Errorf("found %q", missing)
	}
}
