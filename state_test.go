package zeroq

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTransitions_ReachEveryState(t *testing.T) {
	t.Parallel()
	reached := map[State]bool{"": true}
	for range States { // the longest way without a loop has as many steps as there are states
		for _, step := range Transitions {
			if reached[step.From] {
				reached[step.To] = true
			}
		}
	}
	for _, s := range States {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

// byHand is the cause of the only steps out of a finished state.
const byHand = "retry"

func TestTransitions_FinishedStatesHaveNoWayOutByThemselves(t *testing.T) {
	t.Parallel()
	for _, s := range States {
		out := slices.ContainsFunc(Transitions, func(step Transition) bool { return step.From == s && step.Cause != byHand })
		if s.Finished() == out {
			t.Errorf("%s: finished %v, has a way out %v", s, s.Finished(), out)
		}
	}
}

func TestTransitions_EachStandsOnceBetweenKnownStates(t *testing.T) {
	t.Parallel()
	seen := map[[2]State]bool{}
	for _, step := range Transitions {
		if seen[[2]State{step.From, step.To}] {
			t.Errorf("%s to %s stands twice", step.From, step.To)
		}
		seen[[2]State{step.From, step.To}] = true
		if step.From != "" && !slices.Contains(States, step.From) || !slices.Contains(States, step.To) || step.Cause == "" {
			t.Errorf("odd transition %+v", step)
		}
	}
}

func TestState_CanBecomeWhatTheTableSays(t *testing.T) {
	t.Parallel()
	for _, from := range append([]State{""}, States...) {
		for _, to := range States {
			want := slices.ContainsFunc(Transitions, func(s Transition) bool { return s.From == from && s.To == to })
			if from.CanBecome(to) != want {
				t.Errorf("%s to %s: %v", from, to, !want)
			}
		}
	}
	if Succeeded.CanBecome(Ready) || !Leased.CanBecome(Retry) || Ready.CanBecome(Ready) || State("x").CanBecome(Ready) {
		t.Error("CanBecome is wrong about a known case")
	}
}

const (
	statesDoc = "docs/states.md"
	// updateEnv, when set, makes the test write the diagram in place of comparing it.
	updateEnv = "ZEROQ_UPDATE_DOCS"
)

func TestTransitions_AreDrawnInTheDocs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(statesDoc)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(raw), "```mermaid\n")
	_, after, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatalf("%s has no mermaid block", statesDoc)
	}
	want := before + "```mermaid\n" + diagram() + "```\n" + after
	if string(raw) == want {
		return
	}
	if os.Getenv(updateEnv) == "" {
		t.Fatalf("%s does not show the transitions: run %s=1 go test -run %s .", statesDoc, updateEnv, t.Name())
	}
	if err := os.WriteFile(statesDoc, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// diagram draws the transitions.
func diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, step := range Transitions {
		from := string(step.From)
		if from == "" {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", from, step.To, step.Cause)
	}
	for _, s := range States {
		if s.Finished() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}

func TestTransitions_EveryStateIsExplainedInTheDocs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(statesDoc)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range States {
		if !strings.Contains(string(raw), "| `"+string(s)+"` |") {
			t.Errorf("%s has no row for %s", statesDoc, s)
		}
	}
}
