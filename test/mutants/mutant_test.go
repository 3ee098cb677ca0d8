package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where the source has changed a mutant must be looked at: it would prove nothing and nobody would know.
func TestMutants_ApplyToTheSourceAsItIs(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for _, m := range all() {
		if _, err := m.apply(filepath.Join("..", "..")); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if names[m.Name] || m.Name == "" || m.Why == "" || m.Run == "" {
			t.Errorf("%q has no name of its own, no reason, or no tests", m.Name)
		}
		names[m.Name] = true
	}
}

func TestApply_OnlyToATextThatIsThereOnce(t *testing.T) {
	t.Parallel()
	for old, want := range map[string]string{
		"Twice() string": "", "word": "times in word.go, not once", "nowhere": "stands 0 times", "": "not once",
	} {
		_, err := Mutant{File: "word.go", Old: old, New: "x"}.apply(fixture)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", old, err)
		}
	}
	if _, err := (Mutant{File: "word.go", Old: "word + word", New: "word + word"}).apply(fixture); err == nil {
		t.Error("a mutant that changes nothing was taken")
	}
}

func TestSuites_AreOneForEachPackage(t *testing.T) {
	t.Parallel()
	got := suites([]Mutant{{Package: "a", Run: "x"}, {Package: "b", Run: "y"}, {Package: "a", Run: "z"}, {Package: "a", Run: "x"}})
	if len(got) != 2 || got[0] != (suite{"a", "x|z"}) || got[1] != (suite{"b", "y"}) {
		t.Errorf("got %v", got)
	}
}

const fixture = "testdata/fixture"

func newTestBench(t *testing.T) *bench {
	t.Helper()
	b, err := newBench(fixture)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

func TestBench_TellsWhatBecomesOfAMutant(t *testing.T) {
	t.Parallel()
	b := newTestBench(t)
	if err := b.baseline(t.Context(), suite{".", "TestTwice"}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		m    Mutant
		want fate
		by   string
	}{
		"killed":              {Mutant{File: "word.go", Old: "word + word", New: "word", Run: "TestTwice"}, killedBy, "TestTwice"},
		"in what is embedded": {Mutant{File: "word.txt", Old: "ab", New: "ba", Run: "TestTwice"}, killedBy, "TestTwice"},
		"equivalent":          {Mutant{File: "word.go", Old: "word + word", New: "word + \"\" + word", Run: "TestTwice"}, survived, ""},
		"panics":              {Mutant{File: "word.go", Old: "return word + word", New: "panic(word)", Run: "TestTwice"}, killedBy, "TestTwice"},
		"does not build":      {Mutant{File: "word.go", Old: "word + word", New: "words", Run: "TestTwice"}, failing, ""},
		"without tests":       {Mutant{File: "word.go", Old: "word + word", New: "word", Run: "TestThrice"}, failing, ""},
		"does not apply":      {Mutant{File: "word.go", Old: "nowhere", New: "word", Run: "TestTwice"}, failing, ""},
		"ends the program":    {Mutant{File: "word.go", Old: "import _ \"embed\"", New: "import _ \"embed\"\nimport \"os\"\nfunc init() { os.Exit(3) }", Run: "TestTwice"}, failing, ""},
	} {
		tt.m.Package = "."
		if v := b.try(t.Context(), tt.m); v.fate != tt.want || v.by != tt.by {
			t.Errorf("%s: %s by %q: %s", name, v.word(), v.by, v.output)
		}
	}
	if text, err := os.ReadFile(filepath.Join(fixture, "word.txt")); err != nil || string(text) != "ab" {
		t.Errorf("the working tree has changed: %s, %v", text, err)
	}
}

// What fails without a mutant would look as if each mutant were killed.
func TestBench_BaselineMustPass(t *testing.T) {
	t.Parallel()
	b := newTestBench(t)
	if err := b.baseline(t.Context(), suite{".", "TestThrice"}); err == nil {
		t.Error("a baseline without tests was taken")
	}
	if err := b.baseline(t.Context(), suite{"./nowhere", "Test"}); err == nil {
		t.Error("a baseline that does not build was taken")
	}
}

func TestJudge_NamesTheTestThatFailed(t *testing.T) {
	t.Parallel()
	exit := os.ErrInvalid // any error
	for output, want := range map[string]verdict{
		"--- FAIL: TestA (0.00s)\n    --- PASS: TestA/one (0.00s)\n    --- FAIL: TestA/two (0.00s)\nFAIL\n": {fate: killedBy, by: "TestA/two"},
		"--- FAIL: TestA (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\n":                                          {fate: killedBy, by: "TestA"},
		"=== RUN   TestA\n=== RUN   TestA/b\npanic: oh\n\ngoroutine 7":                                      {fate: killedBy, by: "TestA/b (crashes)"},
		"=== RUN   TestA\npanic: test timed out after 1s\n\trunning tests:\n\t\tTestA (1s)\n":               {fate: killedBy, by: "TestA (hangs)"},
		"--- PASS: TestA (0.00s)\nPASS\ngoroutines left\n":                                                  {fate: failing},
		"panic: in init\n": {fate: failing},
	} {
		if v := judge(output, exit); v.fate != want.fate || v.by != want.by {
			t.Errorf("%q: %s by %q", output, v.word(), v.by)
		}
	}
}

func TestReport_FailsWhereOneIsNotKilled(t *testing.T) {
	t.Parallel()
	mutants := []Mutant{{Name: "one", Why: "it breaks"}, {Name: "two", Why: "it breaks too"}}
	var out strings.Builder
	if !report(&out, mutants, []verdict{{fate: killedBy, by: "TestA"}, {fate: killedBy, by: "TestB"}}, 0) {
		t.Errorf("all were killed:\n%s", &out)
	}
	for _, f := range []fate{survived, failing} {
		out.Reset()
		if report(&out, mutants, []verdict{{fate: killedBy, by: "TestA"}, {fate: f}}, 0) || !strings.Contains(out.String(), "1 of 2") {
			t.Errorf("one was not killed:\n%s", &out)
		}
	}
}
