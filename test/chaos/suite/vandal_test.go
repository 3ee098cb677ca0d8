//go:build linux

package suite

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/test/chaos/check"
	"github.com/zeroq-dev/zeroq/test/chaos/ledger"
	"github.com/zeroq-dev/zeroq/test/chaos/plan"
)

func TestVandal_TheSameSeedPlansTheSame(t *testing.T) {
	t.Parallel()
	plans := func(seed uint64) (all []string) {
		v := vandal{random: rand.New(rand.NewPCG(seed, 0)), faults: onWorkers, posts: make([]*post, 3), pause: time.Second}
		for range 100 {
			s := v.plan()
			if s.rank > 2 || s.pause >= v.pause || s.length < s.fault.least || s.length > s.fault.most {
				t.Fatalf("%+v is out of bounds", s)
			}
			all = append(all, s.fault.name+s.length.String()+s.pause.String())
		}
		return all
	}
	if !slices.Equal(plans(1), plans(1)) {
		t.Error("one seed, two plans")
	}
	if slices.Equal(plans(1), plans(2)) {
		t.Error("two seeds, one plan")
	}
}

func TestVandal_ChoosesByWeight(t *testing.T) {
	t.Parallel()
	v := vandal{
		random: rand.New(rand.NewPCG(1, 1)), faults: []fault{{name: "rare", weight: 1}, {name: "often", weight: 9}}, pause: 1,
	}
	chosen := map[string]int{}
	for range 1000 {
		chosen[v.plan().fault.name]++
	}
	if chosen["rare"] < 50 || chosen["rare"] > 150 {
		t.Errorf("%v", chosen)
	}
}

func TestVandal_BeginsWithWhatIsSure(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		v := vandal{
			random: rand.New(rand.NewPCG(seed, 1)), faults: []fault{{name: "first", weight: 1}, {name: "often", weight: 99}}, pause: 1, sure: true,
		}
		if s := v.plan(); s.fault.name != "first" {
			t.Fatalf("seed %d begins with %s", seed, s.fault.name)
		}
	}
}

func TestShares_CoverAllNumbersOnce(t *testing.T) {
	t.Parallel()
	next := uint64(1)
	for _, load := range shares(5000, 1, "") {
		if load.First != next || load.Count < 1 {
			t.Errorf("%s begins with %d and has %d, want to begin with %d", load.Way, load.First, load.Count, next)
		}
		next += uint64(load.Count)
	}
	if next != 5001 {
		t.Errorf("%d numbers, want 5000", next-1)
	}
}

func TestStorm_JudgesOnlyOneOfFullLength(t *testing.T) {
	t.Parallel()
	good := Row{Runs: 1, Faults: manyFaults, Tasks: manyTasks, Duplicates: manyTasks / 200, Cancelled: 1}
	for name, c := range map[string]struct {
		length time.Duration
		spoil  func(*Row)
		ok     bool
	}{
		"good":             {fullStorm, func(*Row) {}, true},
		"too often":        {fullStorm, func(r *Row) { r.Duplicates++ }, false},
		"too few tasks":    {fullStorm, func(r *Row) { r.Tasks, r.Duplicates = r.Tasks-1, 0 }, false},
		"few faults":       {fullStorm, func(r *Row) { r.Faults-- }, false},
		"none called off":  {fullStorm, func(r *Row) { r.Cancelled = 0 }, false},
		"no kind of fault": {fullStorm, func(r *Row) { r.Kinds[ledger.Latency] = few - 1 }, false},
		"short":            {fullStorm / 2, func(r *Row) { r.Duplicates++ }, true},
	} {
		row := &Row{
			Runs: good.Runs, Faults: good.Faults, Tasks: good.Tasks, Duplicates: good.Duplicates, Cancelled: good.Cancelled,
			Kinds: maps.Clone(stormFaults),
		}
		c.spoil(row)
		if (Storm{For: c.length}).judge(row); row.OK() != c.ok {
			t.Errorf("%s: %v", name, row.Problems)
		}
	}
}

func TestRecovery_JudgesByTheLastOfTheTimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times []time.Duration
		ok    bool
	}{
		"in time": {[]time.Duration{1, 10}, true},
		"late":    {[]time.Duration{1, 11}, false},
		"too few": {[]time.Duration{1}, false},
	} {
		row := &Row{Runs: 1, Tasks: 1}
		if row.within("", c.times, 2, 10); row.OK() != c.ok {
			t.Errorf("%s: %v", name, row.Problems)
		}
	}
}

func TestRow_ThatShowsNothingIsBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row *Row
		ok  bool
	}{
		"no run":    {&Row{}, false},
		"no task":   {&Row{Runs: 1}, false},
		"tasks":     {&Row{Runs: 1, Tasks: 1}, true},
		"schedules": {&Row{Runs: 1, Ticks: 1}, true},
	} {
		if c.row.OK() != c.ok || (c.row.verdict() == "kept") != c.ok {
			t.Errorf("%s: %s", name, c.row.verdict())
		}
	}
}

func TestUnanswered_ComparesWithWhatWasToBeSent(t *testing.T) {
	t.Parallel()
	plain, keyed := []plan.Load{{Count: 2}, {Count: 3}}, []plan.Load{{Count: 5, Keys: 1}}
	for name, c := range map[string]struct {
		loads  []plan.Load
		report check.Report
		ok     bool
	}{
		"all":               {plain, check.Report{Accepted: 5}, true},
		"one missing":       {plain, check.Report{Accepted: 4}, false},
		"refused":           {plain, check.Report{Accepted: 4, Refused: 1}, false},
		"refused as meant":  {keyed, check.Report{Accepted: 4, Refused: 1}, true},
		"nothing was to be": {nil, check.Report{}, false},
	} {
		if text := unanswered(c.loads, c.report); (text == "") != c.ok {
			t.Errorf("%s: %q", name, text)
		}
	}
}
