//go:build linux

package suite

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Table shows rows, as people read them or as Markdown.
func Table(rows []*Row, markdown bool) string {
	t := table.NewWriter()
	t.AppendHeader(table.Row{
		"system", "what was done to it", "runs", "faults", "tasks", "lost", "ran again", "unexplained",
		"again after p50", "p100", "verdict",
	})
	for _, r := range rows {
		p50, p100 := spread(r.Recovery)
		if len(r.Recovery) == 0 {
			p50, p100 = spread(r.Resume)
		}
		t.AppendRow(table.Row{
			r.System, r.title(), r.Runs, r.Faults, r.Tasks, r.lost(), r.again(), r.Unexplained, p50, p100, r.verdict(),
		})
	}
	var numbers []table.ColumnConfig
	for n := 3; n <= 10; n++ {
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
	if r.Note == "" {
		return r.Name
	}
	return r.Name + " (" + r.Note + ")"
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
	if r.OK() {
		return "kept"
	}
	return fmt.Sprintf("BROKEN %d", max(r.Violations, len(r.Problems)))
}

// spread is the middle and the end of sorted times.
func spread(sorted []time.Duration) (p50, p100 string) {
	if len(sorted) == 0 {
		return "", ""
	}
	show := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
	return show(sorted[(len(sorted)-1)/2]), show(sorted[len(sorted)-1])
}
