//go:build linux

package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
)

// Table shows rows, as people read them or as Markdown. Those that compare systems are in a table of
// their own: see [Comparisons].
func Table(rows []*Row, markdown bool) string {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"system", "what was done to it", "runs", "faults", "tasks", "lost", "ran again", "unexplained",
		"excusable", "again after p50", "p100", "verdict",
	})
	for _, r := range rows {
		if r.Comparison != nil {
			continue
		}
		p50, p100 := spread(r.Recovery)
		if len(r.Recovery) == 0 {
			p50, p100 = spread(r.Resume)
		}
		t.AppendRow(table.Row{
			r.System, r.title(), r.Runs, r.Faults, r.Tasks, r.lost(), r.again(), r.Unexplained, r.excusable(), p50, p100, r.verdict(),
		})
	}
	return render(t, 3, 11, markdown)
}

// Comparisons shows the rows that compare systems: those of one fault one below the other.
func Comparisons(rows []*Row, markdown bool) string {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"what was done to it", "system", "runs", "tasks", "lost", "ran again", "unexplained", "done twice",
		"again after p50", "p100", "verdict",
	})
	for _, r := range rows {
		if r.Comparison == nil {
			continue
		}
		p50, p100 := spread(r.Comparison.Again)
		t.AppendRow(table.Row{
			r.Name, r.System, r.Runs, r.Tasks, r.lost(), r.again(), r.Unexplained, r.Comparison.Twice,
			p50, p100, r.verdict(),
		})
	}
	return render(t, 3, 10, markdown)
}

// render shows a table whose columns from first to last are numbers.
func render(t table.Writer, first, last int, markdown bool) string {
	var numbers []table.ColumnConfig
	for n := first; n <= last; n++ {
		numbers = append(numbers, table.ColumnConfig{Number: n, Align: text.AlignRight})
	}
	t.SetColumnConfigs(numbers)
	if markdown {
		return t.RenderMarkdown()
	}
	t.SetStyle(table.StyleLight)
	return t.Render()
}

func (r *Row) title() string {
	notes := make([]string, 0, 3)
	if r.Note != "" {
		notes = append(notes, r.Note)
	}
	if r.Grouped > 0 {
		notes = append(notes, fmt.Sprintf("%d tasks of groups in order, %d beside a frozen worker's", r.Grouped, r.Beside))
	}
	if r.Poisoned > 0 {
		notes = append(notes, fmt.Sprintf("%d dead letters, as three workers died with them", r.Poisoned))
	}
	if r.Stalls > 0 {
		notes = append(notes, fmt.Sprintf("the machine stood still %d times", r.Stalls))
	}
	if len(notes) == 0 {
		return r.Name
	}
	return r.Name + " (" + strings.Join(notes, "; ") + ")"
}

// excusable is the part of all starts of which a second one would not have been noticed.
func (r *Row) excusable() string {
	if r.Starts == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(r.Excusable)/float64(r.Starts))
}

// lost tells apart what a power cut may cost.
func (r *Row) lost() string {
	if r.Forgiven > 0 {
		return fmt.Sprintf("%d, %d within a power cut's reach", r.Lost, r.Forgiven)
	}
	return fmt.Sprint(r.Lost)
}

// again is how many runs were not asked for, and their part of all tasks.
func (r *Row) again() string {
	if r.Duplicates == 0 || r.Tasks == 0 {
		return fmt.Sprint(r.Duplicates)
	}
	return fmt.Sprintf("%d (%.2f %%)", r.Duplicates, 100*float64(r.Duplicates)/float64(r.Tasks))
}

func (r *Row) verdict() string {
	if r.Comparison != nil {
		return r.compared()
	}
	if r.Skipped != "" {
		return "not run: " + r.Skipped
	}
	if r.OK() {
		return "kept"
	}
	if r.empty() && len(r.Problems) == 0 {
		return "BROKEN: nothing ran"
	}
	return fmt.Sprintf("BROKEN %d", max(r.Violations, len(r.Problems)))
}

// compared is the verdict in the same words for all who are compared.
func (r *Row) compared() string {
	verdict := "kept"
	if r.empty() {
		verdict = "nothing ran"
	}
	if r.Violations > 0 {
		verdict = fmt.Sprintf("%d broken", r.Violations)
	}
	if n := r.Comparison.Stuck; n > 0 {
		verdict = fmt.Sprintf("%d of %d runs stuck", n, n+r.Runs)
	}
	if len(r.Comparison.Again) == 0 && r.Comparison.Due {
		verdict += "; no sample"
	}
	if r.Note != "" {
		verdict += "; " + r.Note
	}
	return verdict
}

// spread is the middle and the end of sorted times.
func spread(sorted []time.Duration) (p50, p100 string) {
	if len(sorted) == 0 {
		return "", ""
	}
	show := func(p float64) string { return fmt.Sprintf("%.2f s", check.Percentile(sorted, p).Seconds()) }
	return show(50), show(100)
}
