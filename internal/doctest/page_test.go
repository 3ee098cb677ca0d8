package doctest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is one Markdown file.
type page struct {
	// name is its path in the repository, with "/" between the parts.
	name   string
	blocks []block
	lines  []line // of its prose: what is in no code block
}

// block is one fenced code block.
type block struct {
	lang string
	line int // of its first line of code, from 1
	text string
}

// line is one line of prose.
type line struct {
	number int
	text   string
}

// root is the repository.
func root(t *testing.T) string {
	t.Helper()
	abs, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// notOurs are folders whose pages are not documents of this repository.
var notOurs = []string{"bin", "data", "testdata", "node_modules", "vendor"}

// pages reads all Markdown files of the repository.
func pages(t *testing.T) []*page {
	t.Helper()
	top, all := root(t), []*page{}
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != top && (strings.HasPrefix(name, ".") || slices.Contains(notOurs, name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		all = append(all, parsePage(filepath.ToSlash(rel), string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("found %d pages", len(all))
	}
	return all
}

// pageOf returns one page of the repository.
func pageOf(t *testing.T, name string) *page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return parsePage(name, string(text))
}

var fence = regexp.MustCompile("^ *(```+|~~~+) *([A-Za-z0-9_-]*)")

func parsePage(name, text string) *page {
	p := &page{name: name}
	var open string // the fence that the block at hand began with
	var b block
	for i, text := range strings.Split(text, "\n") {
		mark := fence.FindStringSubmatch(text)
		switch {
		case open == "" && mark != nil:
			open, b = mark[1], block{lang: mark[2], line: i + 2}
		case open == "":
			p.lines = append(p.lines, line{i + 1, text})
		case strings.HasPrefix(strings.TrimSpace(text), open):
			open = ""
			p.blocks = append(p.blocks, b)
		default:
			b.text += text + "\n"
		}
	}
	return p
}

var (
	codeSpan = regexp.MustCompile("(`+)([^`]|[^`].*?[^`])(`+)")
	linkMark = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	unslug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names of the page's headings, as GitHub gives them.
func (p *page) anchors() []string {
	var all []string
	seen := make(map[string]int)
	for _, l := range p.lines {
		level := len(l.text) - len(strings.TrimLeft(l.text, "#"))
		if level < 1 || level > 6 || !strings.HasPrefix(l.text[level:], " ") {
			continue
		}
		heading := linkMark.ReplaceAllString(strings.TrimSpace(l.text[level:]), "$1")
		slug := strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
		if n := seen[slug]; n > 0 {
			all = append(all, slug+"-"+string(rune('0'+n)))
		} else {
			all = append(all, slug)
		}
		seen[slug]++
	}
	return all
}

func TestParsePage(t *testing.T) {
	p := parsePage("x.md", "# A `b` & [C](c.md)!\ntext\n```go\nx := 1\n```\n## Same\n## Same\n````md\n```\n````\nlast")
	if len(p.blocks) != 2 || p.blocks[0] != (block{"go", 4, "x := 1\n"}) || p.blocks[1].text != "```\n" {
		t.Errorf("blocks: %+v", p.blocks)
	}
	if got, want := p.anchors(), []string{"a-b--c", "same", "same-1"}; !slices.Equal(got, want) {
		t.Errorf("anchors: %q, want %q", got, want)
	}
	if last := p.lines[len(p.lines)-1]; last != (line{11, "last"}) {
		t.Errorf("last line: %+v", last)
	}
}
