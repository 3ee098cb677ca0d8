package doctest

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceLink = regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s+<?([^>\s]+)>?`)
)

// links are the targets that the page links to, by line.
func (p *page) links() []line {
	var all []line
	for _, l := range p.lines {
		text := codeSpan.ReplaceAllString(l.text, "")
		for _, m := range inlineLink.FindAllStringSubmatch(text, -1) {
			all = append(all, line{l.number, m[1]})
		}
		if m := referenceLink.FindStringSubmatch(text); m != nil {
			all = append(all, line{l.number, m[1]})
		}
	}
	return all
}

// checkLinks says which links of the page lead nowhere. exists tells whether a path of the repository
// is there, load returns a page.
func (p *page) checkLinks(exists func(string) bool, load func(string) *page) (broken []string) {
	for _, l := range p.links() {
		u, err := url.Parse(l.text)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s:%d: %v", p.name, l.number, err))
			continue
		}
		if u.Scheme != "" || u.Host != "" {
			continue // pages of others
		}
		target := p.name
		if u.Path != "" {
			target = path.Join(path.Dir(p.name), u.Path)
		}
		switch {
		case strings.HasPrefix(u.Path, "/") || strings.HasPrefix(target, "../") || !exists(target):
			broken = append(broken, fmt.Sprintf("%s:%d: there is no %s", p.name, l.number, l.text))
		case u.Fragment != "" && (path.Ext(target) != ".md" || !slices.Contains(load(target).anchors(), u.Fragment)):
			broken = append(broken, fmt.Sprintf("%s:%d: %s has no heading #%s", p.name, l.number, target, u.Fragment))
		}
	}
	return broken
}

func TestLinks(t *testing.T) {
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(name)))
		return err == nil
	}
	load := func(name string) *page { return pageOf(t, name) }
	for _, p := range pages(t) {
		for _, broken := range p.checkLinks(exists, load) {
			t.Error(broken)
		}
	}
}

func TestLinks_FindsTheBroken(t *testing.T) {
	other := parsePage("docs/b.md", "# Head\n")
	p := parsePage("docs/a.md", strings.Join([]string{
		"[fine](b.md), [fine](b.md#head), [fine](../LICENSE) and [fine](https://example.com/x#y), `[code](none.md)`",
		"[one](c.md)", "[two](b.md#tail)", "[three](../../x)", "[four](/b.md)", "[five](../LICENSE#head)", "[six](#me)",
		"[ref]: gone.md",
	}, "\n"))
	exists := func(name string) bool { return name == "docs/a.md" || name == "docs/b.md" || name == "LICENSE" }
	load := func(name string) *page {
		if name == "docs/b.md" {
			return other
		}
		return p
	}
	if broken := p.checkLinks(exists, load); len(broken) != 7 {
		t.Errorf("found %d:\n%s", len(broken), strings.Join(broken, "\n"))
	}
}

// Every page of docs is reached from the index.
func TestIndex(t *testing.T) {
	index := pageOf(t, "docs/README.md")
	linked := map[string]bool{"docs/README.md": true}
	for _, l := range index.links() {
		linked[path.Join("docs", strings.Split(l.text, "#")[0])] = true
	}
	for _, p := range pages(t) {
		if path.Dir(p.name) == "docs" && !linked[p.name] {
			t.Errorf("docs/README.md does not link to %s", p.name)
		}
	}
	if _, err := os.Stat(filepath.Join(root(t), "docs", "adr")); err == nil && !linked["docs/adr"] && !linked["docs/adr/README.md"] {
		t.Error("docs/README.md does not link to adr")
	}
}
