package check

import (
	"cmp"
	"maps"
	"slices"
)

// lane is what is known of a group: its runs, and when each of its tasks began first.
type lane struct {
	runs   []laneRun
	starts starts
}

// laneRun is a run of a task of a group.
type laneRun struct {
	task uint64
	run
}

// group notes what is judged of a task together with others of its group.
func (j *judge) group(t *task) {
	if !j.Rules.Grouped || t.key == 0 || len(t.runs) == 0 {
		return
	}
	l := j.lanes[t.key]
	if l == nil {
		l = &lane{}
		j.lanes[t.key] = l
	}
	for _, r := range t.runs {
		l.runs = append(l.runs, laneRun{t.n, r})
	}
	l.starts = append(l.starts, start{task: t.n, at: t.runs[0].start})
	j.report.Grouped++
}

// groups judges all groups.
func (j *judge) groups() {
	for _, key := range slices.Sorted(maps.Keys(j.lanes)) {
		j.together(key, j.lanes[key].runs)
		j.overtaken(key, j.lanes[key].starts)
	}
}

// together looks for tasks of a group at work at the same time. A worker that lost its lease may go on with
// one while another has the next; a fault has to explain that, as it would a second run.
func (j *judge) together(key uint64, runs []laneRun) {
	slices.SortFunc(runs, func(a, b laneRun) int { return cmp.Compare(a.start, b.start) })
	var open []laneRun
	for _, r := range runs {
		open = slices.DeleteFunc(open, func(o laneRun) bool { return o.last <= r.start })
		for _, o := range open {
			if o.task == r.task {
				continue // judged as a task that ran again
			}
			if len(j.faults.explain([]run{o.run}, r.run)) > 0 {
				j.report.Beside++
			} else {
				j.blame(Together, r.task, "began in process %d while task %d of its group %d ran in process %d", r.process, o.task, key, o.process)
			}
		}
		open = append(open, r)
	}
}

// overtaken looks for tasks of a group that began before one that was sent earlier.
func (j *judge) overtaken(key uint64, all starts) {
	slices.SortFunc(all, func(a, b start) int { return cmp.Compare(a.task, b.task) })
	var last start
	for _, one := range all {
		if one.at >= last.at {
			last = one
			continue
		}
		j.blame(Overtaken, one.task, "began %v before task %d of its group %d", last.at.Sub(one.at), last.task, key)
	}
}
