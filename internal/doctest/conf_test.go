package doctest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/cmd/zeroq/dev"
	consumer "github.com/zeroq-dev/zeroq/consumer/app"
)

// setting is a key of a configuration, and what the code says of it.
type setting struct {
	key string
	// fallback is the default that the tag has; "" if it has none.
	fallback string
	// optional: the file may leave it out.
	optional bool
	kind     reflect.Kind
}

// settings are the keys of a struct, by go-zero's rules. Structs of the types in elsewhere have a
// section of their own, and are left out.
func settings(t reflect.Type, prefix string, elsewhere ...reflect.Type) []setting {
	var all []setting
	for field := range t.Fields() {
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() || slices.Contains(elsewhere, field.Type) {
			continue
		}
		if name == "" {
			name = field.Name
		}
		if field.Anonymous {
			all = append(all, settings(field.Type, prefix, elsewhere...)...)
			continue
		}
		if section := deref(field.Type); section.Kind() == reflect.Struct {
			all = append(all, settings(section, prefix+name+".", elsewhere...)...)
			continue
		}
		all = append(all, settingOf(prefix+name, rest, field.Type.Kind()))
		if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
			all = append(all, settings(field.Type.Elem(), prefix+name+"[].", elsewhere...)...)
		}
	}
	return all
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

var defaultTag = regexp.MustCompile(`(?:^|,)default=(\[[^\]]*\]|[^,]*)`)

func settingOf(key, tag string, kind reflect.Kind) setting {
	s := setting{key: key, kind: kind, optional: strings.HasPrefix(tag, "optional")}
	if m := defaultTag.FindStringSubmatch(tag); m != nil {
		s.fallback, s.optional = m[1], true
	}
	return s
}

// check says what is wrong with the default that the page gives.
func (s setting) check(cell string) error {
	switch {
	case s.fallback != "":
		if want := "`" + s.fallback + "`"; cell != want {
			return fmt.Errorf("%s: the default is %s, not %s", s.key, want, cell)
		}
	case !s.optional && s.kind != reflect.Slice:
		if cell != "required" {
			return fmt.Errorf("%s: is required, not %s", s.key, cell)
		}
	case s.kind == reflect.Bool:
		if cell != "`false`" {
			return fmt.Errorf("%s: the default is `false`, not %s", s.key, cell)
		}
	case cell == "" || cell == "required" || strings.HasPrefix(cell, "`"):
		return fmt.Errorf("%s: has no default in the code; say in words what leaving it out means, not %q", s.key, cell)
	}
	return nil
}

// compare says how a table differs from the settings.
func compare(all []setting, table map[string]string) (problems []string) {
	known := make(map[string]bool)
	for _, s := range all {
		known[s.key] = true
		cell, there := table[s.key]
		if !there {
			problems = append(problems, s.key+": is not in the table")
		} else if err := s.check(cell); err != nil {
			problems = append(problems, err.Error())
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !known[key] {
			problems = append(problems, key+": is in the table, but no such key exists")
		}
	}
	return problems
}

// table returns the second column of the tables under a heading, by the first, whose code marks are
// taken off. Tables of several keys in one row are not read.
func (p *page) table(heading string) map[string]string {
	rows, under := make(map[string]string), false
	for _, l := range p.lines {
		if strings.HasPrefix(l.text, "## ") {
			under = l.text == "## "+heading
		}
		if !under || !strings.HasPrefix(l.text, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(l.text, "| "), " | ")
		if len(cells) > 1 {
			rows[strings.Trim(cells[0], "`")] = strings.TrimSpace(cells[1])
		}
	}
	return rows
}

const confPage = "docs/configuration.md"

var (
	redisType   = reflect.TypeFor[zeroq.RedisConf]()
	brokersType = reflect.TypeFor[[]zeroq.BrokerConf]()
	serviceType = reflect.TypeFor[service.ServiceConf]()
	sections    = map[string][]setting{
		"API":           settings(reflect.TypeFor[api.Conf](), "", redisType, brokersType, serviceType),
		"Consumer":      settings(reflect.TypeFor[consumer.Conf](), "", redisType, brokersType, serviceType),
		"Redis":         settings(redisType, "Redis."),
		"Brokers":       settings(brokersType.Elem(), "Brokers[]."),
		"Every service": settings(serviceType, ""),
	}
)

func TestConfiguration(t *testing.T) {
	p := pageOf(t, confPage)
	for heading, all := range sections {
		if len(all) < 5 {
			t.Fatalf("%s has %d settings", heading, len(all))
		}
		for _, problem := range compare(all, p.table(heading)) {
			t.Errorf("%s, %s: %s", confPage, heading, problem)
		}
	}
}

// Where the tables of Redis and of every service are said to apply, they do.
func TestConfiguration_Shared(t *testing.T) {
	find := func(t reflect.Type, path ...string) reflect.Type {
		for _, name := range path {
			field, _ := t.FieldByName(name)
			t = field.Type
		}
		return t
	}
	for _, got := range []reflect.Type{
		find(reflect.TypeFor[api.Conf](), "Redis"), find(reflect.TypeFor[consumer.Conf](), "Worker", "Redis"),
	} {
		if got != redisType {
			t.Errorf("Redis is of type %v", got)
		}
	}
	for _, got := range []reflect.Type{
		find(reflect.TypeFor[api.Conf](), "Brokers"), find(reflect.TypeFor[consumer.Conf](), "Worker", "Brokers"),
	} {
		if got != brokersType {
			t.Errorf("Brokers is of type %v", got)
		}
	}
}

// Sections that the page calls off are off unless they are in the file.
func TestConfiguration_Off(t *testing.T) {
	var without, with api.Conf
	if err := conf.LoadFromYamlBytes([]byte("Name: x"), &without); err != nil {
		t.Fatal(err)
	}
	if err := conf.LoadFromYamlBytes([]byte("Name: x\nDevServer: {Port: 6061}"), &with); err != nil {
		t.Fatal(err)
	}
	if without.DevServer.Enabled || without.Telemetry.Endpoint != "" || without.Profiling.ServerAddr != "" {
		t.Errorf("an empty file switches something on: %+v", without.ServiceConf)
	}
	if !with.DevServer.Enabled || !with.DevServer.EnablePprof {
		t.Errorf("a section DevServer does not switch it on: %+v", with.DevServer)
	}
}

func TestConfiguration_DevFlags(t *testing.T) {
	t.Setenv("ZEROQ_REDIS", "") // a default of a flag
	table := pageOf(t, confPage).table("zeroq dev")
	seen := make(map[string]bool)
	dev.Command().Flags().VisitAll(func(flag *pflag.Flag) {
		key := "--" + flag.Name
		seen[key] = true
		cell, there := table[key]
		switch plain := flag.DefValue != "" && flag.DefValue != "[]"; {
		case !there:
			t.Errorf("%s: %s is not in the table", confPage, key)
		case plain && cell != "`"+flag.DefValue+"`":
			t.Errorf("%s: the default of %s is `%s`, not %s", confPage, key, flag.DefValue, cell)
		case !plain && (cell == "" || strings.HasPrefix(cell, "`")):
			t.Errorf("%s: %s has no default; say in words what leaving it out means, not %q", confPage, key, cell)
		}
	})
	for key := range table {
		if !seen[key] {
			t.Errorf("%s: there is no flag %s", confPage, key)
		}
	}
}

// The table of the README is an extract.
func TestConfiguration_Readme(t *testing.T) {
	all := make(map[string]string)
	for heading := range sections {
		maps.Copy(all, pageOf(t, confPage).table(heading))
	}
	extract := pageOf(t, "README.md").table("Configuration")
	if len(extract) < 5 {
		t.Fatalf("the README has %d settings", len(extract))
	}
	for key, fallback := range extract {
		if want, there := all[key]; !there || fallback != want {
			t.Errorf("README.md: the default of %s is %s, %s says %s", key, fallback, confPage, want)
		}
	}
}

func TestConfiguration_FindsWhatDiffers(t *testing.T) {
	type inner struct {
		Size int `json:",default=3,range=[1:9]"`
	}
	type outer struct {
		Name   string
		Addrs  []string `json:",default=[a:1,b:2]"`
		Flag   bool     `json:",optional"`
		Words  string   `json:",optional"`
		Inner  inner
		List   []inner         `json:",optional"`
		Far    *inner          `json:",optional"`
		Hidden string          `json:"-"`
		Redis  zeroq.RedisConf `json:",optional"`
	}
	all := settings(reflect.TypeFor[outer](), "", redisType)
	page := "## T\n| key | default |\n|---|---|\n| `Name` | required |\n| `Addrs` | `[a:1,b:2]` |\n| `Flag` | `false` |\n" +
		"| `Words` | none | x |\n| `Inner.Size` | `3` |\n| `Far.Size` | `3` |\n| `List` | none |\n| `List[].Size` | `3` |\n## U\n| `Other` | 1 |\n"
	if problems := compare(all, parsePage("x.md", page).table("T")); len(problems) != 0 {
		t.Errorf("a right table has problems: %q", problems)
	}
	for right, wrong := range map[string]string{
		"`Name` | required":   "`Name` | none",
		"`[a:1,b:2]`":         "`[a:1]`",
		"| `false`":           "| off",
		"`Words` | none":      "`Words` | `x`",
		"`Inner.Size` | `3`":  "`Inner.Size` | `4`",
		"`Far.Size` | `3`":    "`Far.Size` | `4`",
		"| `List` | none |\n": "",
		"| `Flag`":            "| `Flags`",
	} {
		if problems := compare(all, parsePage("x.md", strings.Replace(page, right, wrong, 1)).table("T")); len(problems) == 0 {
			t.Errorf("%q in place of %q is not noticed", wrong, right)
		}
	}
}
