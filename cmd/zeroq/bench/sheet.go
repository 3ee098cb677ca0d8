package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// sheet is a table with what there is to say of it.
type sheet struct {
	title string
	about string
	head  []string
	rows  [][]string
	// words is how many columns, from the left, are words; the others are numbers.
	words int
}

// printer writes sheets, for people or for a page.
type printer struct {
	out      io.Writer
	markdown bool
}

func (p printer) sheet(s sheet) {
	t := table.NewWriter()
	t.SuppressTrailingSpaces()
	style := table.StyleDefault
	style.Box = table.BoxStyle{PaddingRight: "  "}
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.AppendHeader(row(s.head))
	for _, r := range s.rows {
		t.AppendRow(row(r))
	}
	var configs []table.ColumnConfig
	for i := s.words; i < len(s.head); i++ {
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	if p.markdown {
		fmt.Fprintf(p.out, "### %s\n\n%s\n\n%s\n\n", s.title, s.about, t.RenderMarkdown())
		return
	}
	fmt.Fprintf(p.out, "\n%s\n%s\n\n%s\n\n", strings.ToUpper(s.title), wrapped(s.about), t.Render())
}

// wrapped is a text in lines of at most 100 columns.
func wrapped(about string) string {
	lines := strings.Split(text.WrapSoft(about, 100), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}

// cost is some CPU time of a run.
type cost func(run) time.Duration

// spent tells whether a figure has any of it.
func (c cost) spent(f figure) bool { return f.seconds(c) > 0 }

// costs are the columns of CPU seconds per 100,000 tasks.
var costs = []struct {
	head string
	of   cost
}{
	{"Redis s/100k", func(r run) time.Duration { return r.redis }},
	{"server s/100k", func(r run) time.Duration { return r.server }},
	{"program s/100k", func(r run) time.Duration { return r.program }},
}

// comparison is the table of some figures. Columns that would be empty are left out.
func comparison(title, about string, figures []figure) sheet {
	some := func(has func(figure) bool) bool { return slices.ContainsFunc(figures, has) }
	conditions := some(func(f figure) bool { return f.with != "" })
	others := some(func(f figure) bool { return f.contender != figures[0].contender })
	s := sheet{title: title, about: about, head: []string{"work"}, words: 2}
	add := func(when bool, names ...string) {
		if when {
			s.head = append(s.head, names...)
		}
	}
	add(conditions, "with")
	add(true, "contender", "tasks/s", "min–max")
	add(others, "zeroq is")
	add(conditions, "of itself")
	for _, c := range costs {
		add(some(c.of.spent), c.head)
	}
	add(true, "tasks")
	if conditions {
		s.words++
	}
	for _, f := range figures {
		cells := []string{f.work}
		if conditions {
			cells = append(cells, f.with)
		}
		rates := f.of(run.rate)
		cells = append(cells, f.contender, whole(f.rate()), whole(slices.Min(rates))+"–"+whole(slices.Max(rates)))
		if others {
			cells = append(cells, f.beside(figures))
		}
		if conditions {
			cells = append(cells, f.ofItself(figures))
		}
		for _, c := range costs {
			if some(c.of.spent) {
				cells = append(cells, decimals(f.seconds(c.of)))
			}
		}
		s.rows = append(s.rows, append(cells, whole(float64(f.runs[0].tasks))))
	}
	return s
}

// beside is how many times as fast as f zeroq is at the same work.
func (f figure) beside(all []figure) string {
	for _, other := range all {
		if other.work == f.work && other.with == f.with && strings.HasPrefix(other.contender, "zeroq") {
			if other.contender == f.contender {
				return ""
			}
			return times(ratio(other, f))
		}
	}
	return ""
}

// ofItself is how fast f is, in parts of the same under the first condition.
func (f figure) ofItself(all []figure) string {
	for _, other := range all {
		if other.work == f.work && other.contender == f.contender {
			if other.with == f.with {
				return ""
			}
			return times(ratio(f, other))
		}
	}
	return ""
}

func times(ratio float64) string {
	if ratio >= 10 {
		return strconv.FormatFloat(ratio, 'f', 0, 64) + "×"
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64) + "×"
}

// decimals is a number with two of them, or a dash where there is nothing.
func decimals(n float64) string {
	if n <= 0 {
		return "-"
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// whole is a number with a comma at each thousand.
func whole(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
