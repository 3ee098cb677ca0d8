package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/zeroq-dev/zeroq/cmd/zeroq/session"
)

func cliPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	must(t, err)
	return string(text)
}

// leaves are the commands that do something.
func leaves(command *cobra.Command) (all []*cobra.Command) {
	for _, c := range command.Commands() {
		if c.HasSubCommands() {
			all = append(all, leaves(c)...)
		} else {
			all = append(all, c)
		}
	}
	return all
}

func TestDocs_HaveEveryCommand(t *testing.T) {
	t.Parallel()
	var listed, want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(zeroq [a-z ]+)` \\| (.*) \\|$").FindAllStringSubmatch(cliPage(t), -1) {
		listed = append(listed, m[1]+": "+m[2])
	}
	for _, c := range leaves(root()) {
		short, _, _ := strings.Cut(c.Short, " (")
		want = append(want, c.CommandPath()+": "+short)
	}
	slices.Sort(listed)
	slices.Sort(want)
	if !slices.Equal(listed, want) {
		t.Errorf("docs/cli.md lists\n%s\nand there are\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
}

func TestDocs_HaveEveryExitCode(t *testing.T) {
	t.Parallel()
	for _, code := range []int{
		session.CodeDone, session.CodeFailed, session.CodeUsage, session.CodeUnavailable, session.CodeInterrupted,
	} {
		if !strings.Contains(cliPage(t), fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("docs/cli.md does not tell of exit code %d", code)
		}
	}
}

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	zeroqCall  = regexp.MustCompile(`(?m)(?:^|\| |\$\()zeroq ([^|)<\n]*)`)
)

// The command lines of the page, and of the commands' own examples, are such as the commands take.
func TestDocs_ExamplesAreTaken(t *testing.T) {
	t.Parallel()
	text := ""
	for _, block := range shellBlock.FindAllStringSubmatch(cliPage(t), -1) {
		text += block[1]
	}
	for _, c := range leaves(root()) {
		text += strings.ReplaceAll(c.Example, "  zeroq", "zeroq") + "\n"
	}
	calls := zeroqCall.FindAllStringSubmatch(text, -1)
	if len(calls) < 50 {
		t.Fatalf("found %d", len(calls))
	}
	for _, call := range calls {
		command, rest, err := root().Find(words(call[1]))
		must(t, err)
		if err := command.ParseFlags(rest); err != nil {
			t.Errorf("zeroq %s: %v", call[1], err)
			continue
		}
		if command.Args == nil {
			t.Errorf("zeroq %s: %s does nothing", call[1], command.CommandPath())
		} else if err := command.ValidateArgs(command.Flags().Args()); err != nil {
			t.Errorf("zeroq %s: %v", call[1], err)
		}
	}
}
