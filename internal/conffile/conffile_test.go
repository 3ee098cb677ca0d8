package conffile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/conffile"
)

type base struct {
	Name string
}

type pool struct {
	Queue string
	Slots int `json:",default=4"`
}

type config struct {
	Base   base              `json:"base,optional"`
	Wait   time.Duration     `json:",default=3s"`
	Pools  []pool            `json:",optional"`
	ByName map[string]pool   `json:",optional"`
	Labels map[string]string `json:",optional"`
	Redis  zeroq.RedisConf
	Secret string            `json:",optional,env=CONFFILE_TEST_SECRET"`
	Level  string            `json:",default=info,options=[debug,info]"`
	Mode   string            `json:",default=a,options=a|b"`
	Share  float64           `json:",default=0.5,range=[0:1]"`
	Least  int               `json:",default=1,range=[1:]"`
	Most   int               `json:",default=1,range=[:9]"`
	Below  int               `json:",default=1,range=[0:10)"`
	Retry  zeroq.RetryPolicy `json:",optional"`
}

type embedding struct {
	Common
	Port int
}

// Common is exported, as go-zero fills exported embedded structs only.
type Common struct {
	Name string
}

func (e embedding) Validate() error {
	if e.Name == "bad" {
		return errors.New("Name: must not be bad")
	}
	return nil
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad_KnownKeysInAnyCase(t *testing.T) {
	t.Setenv("CONFFILE_TEST_SECRET", "s3cret")
	path := write(t, "c.yaml", `
WAIT: 7s
pools:
  - queue: a
  - Queue: b
    slots: 9
ByName:
  Mail: {queue: m}
Labels: {Any: thing, any: other}
redis: {addrs: ["h:1"], tls: {enabled: true}}
`)
	var c config
	if err := conffile.Load(path, &c); err != nil {
		t.Fatal(err)
	}
	if c.Wait != 7*time.Second || c.Pools[0].Slots != 4 || c.Pools[1].Slots != 9 ||
		c.ByName["Mail"].Queue != "m" || !c.Redis.TLS.Enabled || c.Secret != "s3cret" {
		t.Errorf("loaded %+v", c)
	}
}

func TestLoad_DefaultsOfWhatIsAbsent(t *testing.T) {
	var c config
	if err := conffile.Load(write(t, "c.yml", "Wait: 1s\n"), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Redis.Addrs) != 1 || c.Redis.Addrs[0] != "127.0.0.1:6379" {
		t.Errorf("redis is %+v", c.Redis)
	}
}

func TestLoad_EndsOfRangesAndOptionsAreAllowed(t *testing.T) {
	path := write(t, "c.yaml", "Level: debug\nMode: b\nShare: 1\nLeast: 1\nMost: 9\nBelow: 0\n")
	var c config
	if err := conffile.Load(path, &c); err != nil {
		t.Fatal(err)
	}
	if c.Level != "debug" || c.Mode != "b" || c.Share != 1 || c.Most != 9 || c.Below != 0 {
		t.Errorf("loaded %+v", c)
	}
}

func TestLoad_EmptyFileIsAllDefaults(t *testing.T) {
	for name, content := range map[string]string{"c.yaml": "", "d.yaml": "# nothing\n", "e.yml": "---\n", "f.json": "", "g.json": "{}"} {
		var c config
		if err := conffile.Load(write(t, name, content), &c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Wait != 3*time.Second || c.Level != "info" {
			t.Errorf("%s: loaded %+v", name, c)
		}
	}
}

func TestLoad_EmbeddedAndJSON(t *testing.T) {
	var c embedding
	if err := conffile.Load(write(t, "c.json", `{"name":"n","port":1}`), &c); err != nil {
		t.Fatal(err)
	}
	if c.Name != "n" || c.Port != 1 {
		t.Errorf("loaded %+v", c)
	}
}

func TestLoad_MistakesNameTheKey(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"top":            {"Wiat: 1s", "unknown key Wiat"},
		"nested":         {"Redis: {Adrs: [a]}", "unknown key Redis.Adrs"},
		"deep":           {"redis: {tls: {Enable: true}}", "unknown key redis.tls.Enable"},
		"list":           {"Pools: [{Queue: a}, {Queue: b, Slot: 1}]", "unknown key Pools[1].Slot"},
		"map":            {"ByName: {x: {Queue: a, Slot: 1}}", "unknown key ByName.x.Slot"},
		"number":         {"5: x", "unknown key 5"},
		"twice":          {"Wait: 1s\nwait: 2s", "key wait stands there twice"},
		"twice the same": {"Wait: 1s\nWait: 2s", "Wait"},
		"wrong type":     {"Wait: 5", "Wait: 5 is no duration such as 1m30s"},
		"no YAML":        {"\tWait", "yaml"},
		"options":        {"Level: loud", `: Level: "loud" is none of debug, info`},
		"options by |":   {"mode: 5", "mode: 5 is none of a, b"},
		"range":          {"Retry: {Jitter: 3}", "Retry.Jitter: 3 is not within 0 to 1"},
		"range of parts": {"Share: -0.1", "Share: -0.1 is not within 0 to 1"},
		"no number":      {"Share: .nan", "Share: NaN is no number"},
		"no duration":    {"Retry: {Base: soon}", `Retry.Base: "soon" is no duration such as 1m30s`},
		"no value":       {"Wait:", "Wait: has no value"},
		"fraction":       {"Below: 1.1", "Below: 1.1 is no integer that fits"},
		"too large":      {"Pools: [{Queue: a, Slots: 9223372036854775808}]", "Pools[0].Slots: 9223372036854775808 is no integer that fits"},
		"no part":        {"Pools: [{Queue: a}, ~]", "Pools[1]: has no value"},
		"no text":        {"Labels: {a: 5}", "Labels.a: 5 is no text; put it in quotes"},
		"no option":      {"Level:", "Level: has no value"},
		"key of keys":    {"ByName: {{}}", "ByName: has a key that is no single value"},
		"list as key":    {"? [a]\n: b", "the file: has a key that is no single value"},
		"no section":     {"ByName:", "ByName: has no value"},
		"at least":       {"Least: 0", "Least: 0 is not at least 1"},
		"at most":        {"Most: 10", "Most: 10 is not at most 9"},
		"below":          {"Below: 10", "Below: 10 is not in [0:10)"},
		"text for range": {"Least: many", "least"},
		"value for list": {"Redis: {Addrs: 'a:1'}", "Redis.Addrs: want a list, not a single value"},
		"list in list":   {"Redis: {Addrs: [[a]]}", "Redis.Addrs[0]: want a single value, not a list"},
		"value for keys": {"Pools: [a]", "Pools[0]: want a section of keys, not a single value"},
		"list for keys":  {"Redis: [a]", "Redis: want a section of keys, not a list"},
		"keys for value": {"Wait: {a: 1}", "Wait: want a single value, not a section of keys"},
		"a list":         {"- a", "yaml"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, "c.yaml", test.content)
			err := conffile.Load(path, new(config))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q and the file's name", err, test.want)
			}
		})
	}
}

func TestLoad_Validate(t *testing.T) {
	err := conffile.Load(write(t, "c.yaml", "Name: bad\nPort: 1\n"), new(embedding))
	if err == nil || !strings.Contains(err.Error(), "must not be bad") {
		t.Errorf("got %v", err)
	}
	err = conffile.Load(write(t, "c.yaml", "Port: 1\n"), new(embedding))
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), "name") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_File(t *testing.T) {
	if err := conffile.Load("c.toml", new(config)); err == nil || !strings.Contains(err.Error(), `".toml"`) {
		t.Errorf("got %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none.yaml")
	if err := conffile.Load(missing, new(config)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
