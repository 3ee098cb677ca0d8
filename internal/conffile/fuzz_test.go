package conffile_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v2"

	"github.com/zeroq-dev/zeroq/internal/conffile"
)

// loaded loads a document. An error names the file.
func loaded(t *testing.T, content string) (config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var c config
	err := conffile.Load(path, &c)
	if err != nil && !strings.Contains(err.Error(), path) {
		t.Fatalf("%q: %v does not name the file", content, err)
	}
	return c, err
}

// wantAllowed: what was loaded is within what the tags allow.
func wantAllowed(t *testing.T, content string, c config) {
	t.Helper()
	if !slices.Contains([]string{"debug", "info"}, c.Level) || !slices.Contains([]string{"a", "b"}, c.Mode) ||
		math.IsNaN(c.Share) || c.Share < 0 || c.Share > 1 || c.Least < 1 || c.Most > 9 || c.Below < 0 || c.Below >= 10 {
		t.Fatalf("%q was loaded as %+v", content, c)
	}
}

// Whatever stands in the file, it is loaded or refused.
func FuzzLoad(f *testing.F) {
	for _, content := range []string{
		"", "{}", "---\n", "Wait: 1s\nWAIT: 2s", "Pools: [{Queue: a, Slots: 3}]", "ByName: {x: {Queue: a}}\nLabels: {a: b, 1: 2}", "5: x", "\tx", "- a",
		"a: &a [*a]", "x: &x {y: *x}", "<<: {Wait: 1s}", "Wait: !!binary aGk=", "Redis: {Addrs: [a:1], DB: -1, TLS: {Enabled: yes}}", "? [a, b]\n: c",
		"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]",
		"Share: .nan", "Share: 1e400", "Level: debug\n---\nLevel: loud", "Secret: ${HOME}", "Wait: ~", "Retry: {Base: 1s, Max: 1h, Jitter: .inf}", "Most: 99999999999999999999",
	} {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if c, err := loaded(t, content); err == nil {
			wantAllowed(t, content, c)
		}
	})
}

// keys are those of the configuration that a value is tried for.
var keys = []string{"Wait", "Pools", "ByName", "Labels", "Redis", "Level", "Mode", "Share", "Least", "Most", "Below", "Retry"}

// A value that is refused is told with its key.
func FuzzValue(f *testing.F) {
	for i := range keys {
		for _, value := range []string{"1", "-1", "1s", "x", "[a]", "{a: 1}", "~", "1e400", ".nan", "!!binary aGk=", "yes", "9999999999999h", "[{Queue: 1}]", "{x: {Queue: [a]}}", "{Addrs: [1]}", "''"} {
			f.Add(uint8(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, key uint8, value string) {
		name := keys[int(key)%len(keys)]
		content := name + ": " + value
		var document yaml.MapSlice
		if yaml.Unmarshal([]byte(content), &document) != nil || len(document) != 1 {
			return
		}
		c, err := loaded(t, content)
		if err == nil {
			wantAllowed(t, content, c)
		} else if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
			t.Fatalf("%q: %v does not name the key", content, err)
		}
	})
}
