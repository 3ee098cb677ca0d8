package session

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/zeroq-dev/zeroq"
)

// Table writes rows under their header. Numbers stand at the right. On a terminal that is too narrow the
// longest columns are cut, but for the first, which says what the row is of; and then the row, so that it
// stays one.
func (s *Session) Table(header []string, rows [][]any) {
	t := table.NewWriter()
	t.SetOutputMirror(s.Out)
	t.SuppressTrailingSpaces()
	style := table.StyleDefault
	style.Box = table.BoxStyle{PaddingRight: "  ", UnfinishedRow: "…"}
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Size.WidthMax = width(s.out.to)
	t.SetStyle(style)
	head := make(table.Row, len(header))
	for i, name := range header {
		head[i] = s.faint(name)
	}
	t.AppendHeader(head)
	for _, row := range rows {
		for i := range row {
			if word, ok := row[i].(string); ok {
				row[i] = firstLine(Plain(word))
			}
		}
		t.AppendRow(row)
	}
	t.SetColumnConfigs(columns(header, rows, style.Size.WidthMax))
	t.Render()
}

const (
	// gap is what stands between two columns.
	gap = 2
	// narrowest is how far a column is cut.
	narrowest = 6
)

// columns cuts columns so that rows have most columns of the terminal; 0 is any number.
func columns(header []string, rows [][]any, most int) (configs []table.ColumnConfig) {
	if most == 0 || len(header) == 0 {
		return nil
	}
	widths, total := make([]int, len(header)), 0
	for i := range widths {
		widths[i] = text.StringWidthWithoutEscSequences(header[i])
		for _, row := range rows {
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(fmt.Sprint(row[i])))
		}
		total += widths[i] + gap
	}
	for ; total > most; total-- {
		longest := 0
		for i := 1; i < len(widths); i++ {
			if widths[i] > narrowest && (longest == 0 || widths[i] > widths[longest]) {
				longest = i
			}
		}
		if longest == 0 {
			break
		}
		widths[longest]--
		configs = append(configs, table.ColumnConfig{Number: longest + 1, WidthMax: widths[longest], WidthMaxEnforcer: snip})
	}
	return configs
}

func snip(word string, most int) string { return text.Snip(word, most, "…") }

// width is that of the terminal; 0 if it is none.
func width(out io.Writer) int {
	file, ok := out.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Painted is text that has its colours already. Any other is written without what could be taken for
// some.
type Painted string

// Field is one line of what is written of one thing.
type Field struct {
	Name string
	// Value is a string, a Painted, or a number.
	Value any
}

// Fields writes the fields that have a value, one below the other.
func (s *Session) Fields(fields ...Field) {
	fields = slices.DeleteFunc(fields, func(f Field) bool { return f.text() == "" })
	longest := 0
	for _, f := range fields {
		longest = max(longest, len(f.Name))
	}
	indent := "\n" + strings.Repeat(" ", longest+2)
	for _, f := range fields {
		value := strings.ReplaceAll(strings.TrimRight(f.text(), "\n"), "\n", indent)
		fmt.Fprintf(s.Out, "%s  %s\n", s.faint(fmt.Sprintf("%-*s", longest, f.Name)), value)
	}
}

func (f Field) text() string {
	if painted, ok := f.Value.(Painted); ok {
		return string(painted)
	}
	return Plain(fmt.Sprint(f.Value))
}

// firstLine is what fits into a row.
func firstLine(word string) string {
	first, _, more := strings.Cut(strings.TrimSpace(word), "\n")
	if more {
		first += " …"
	}
	return first
}

// colors are those of the states that need attention, or need none.
var colors = map[zeroq.State]color.Attribute{
	zeroq.Succeeded: color.FgGreen,
	zeroq.Leased:    color.FgCyan,
	zeroq.Retry:     color.FgYellow,
	zeroq.Dead:      color.FgRed,
	zeroq.Cancelled: color.FgMagenta,
	zeroq.Expired:   color.FgMagenta,
}

// State is a state in its colour.
func (s *Session) State(state zeroq.State) Painted {
	if attribute, ok := colors[state]; ok {
		return s.paint(string(state), attribute)
	}
	return Painted(Plain(string(state)))
}

// Warn is a word that needs attention.
func (s *Session) Warn(word string) Painted { return s.paint(word, color.FgYellow) }

func (s *Session) faint(word string) Painted { return s.paint(word, color.FgHiBlack) }

func (s *Session) paint(word string, attribute color.Attribute) Painted {
	if !s.color || word == "" {
		return Painted(Plain(word))
	}
	c := color.New(attribute)
	c.EnableColor()
	return Painted(c.Sprint(Plain(word)))
}

// Ago is how long a time is past, or ahead, by the clock of the API; a dash for none.
func (s *Session) Ago(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	since := s.recorder.now().Sub(at).Truncate(time.Second) // the clock of HTTP knows seconds only
	switch {
	case since == 0:
		return "now"
	case since < 0:
		return "in " + Length(-since)
	}
	return Length(since) + " ago"
}

// Moment is a time, and how far away it is; empty for none.
func (s *Session) Moment(at time.Time) Painted {
	if at.IsZero() {
		return ""
	}
	return Painted(at.UTC().Format("2006-01-02 15:04:05.000 UTC")) + "  " + s.faint(s.Ago(at))
}

// Length is a duration in its two largest units.
func Length(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return units(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return units(d, time.Hour, "h", time.Minute, "m")
	}
	return units(d, day, "d", time.Hour, "h")
}

func units(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d%s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf("%d%s", rest, smallName)
	}
	return text
}
