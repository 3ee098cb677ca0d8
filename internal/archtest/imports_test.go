// Package archtest holds the project to its own rules: who may import whom, that everything is
// documented, and that files and functions stay small enough to read. It has only tests.
package archtest

import (
	"strings"
	"testing"
)

// rule says what some packages may import. Packages and imports are named by patterns: ours by their
// path in the module, such as "./worker" ("." is the root package), others by their full path;
// "p/..." is p and all below it, "std" the standard library, "others" any other module.
type rule struct {
	why    string
	who    []string // the packages it holds for,
	except []string // but not these
	only   []string // if set, all that they may import
	never  []string // what they must not import
	deep   bool     // also through what they import
	broken string   // "package > import" that breaks it, to prove that it is looked at
}

var rules = []rule{
	{
		why:    "the words of the domain build with nothing but Go",
		who:    []string{"."},
		only:   []string{"std"},
		broken: ". > github.com/redis/go-redis/v9",
	}, {
		why:    "the contract knows no broker",
		who:    []string{"./internal/broker"},
		only:   []string{"std", "."},
		broken: "./internal/broker > ./internal/broker/redisq",
	}, {
		why:    "the message format stands alone: other brokers and other programs read it",
		who:    []string{"./internal/wire"},
		only:   []string{"std", ".", "github.com/go-json-experiment/json/..."},
		broken: "./internal/wire > ./internal/broker",
	}, {
		why:    "a bridge knows where messages come from and go to by their contracts alone",
		who:    []string{"./internal/bridge"},
		only:   []string{"std", "others", ".", "./internal/broker", "./internal/admission", "./internal/backoff"},
		broken: "./internal/bridge > ./internal/broker/redisq",
	}, {
		why:    "the times of schedules depend on nothing that is stored",
		who:    []string{"./internal/cron"},
		only:   []string{"std", ".", "./internal/wire", "github.com/robfig/cron/v3"},
		broken: "./internal/cron > ./internal/broker",
	}, {
		why:    "all contenders of a benchmark are driven by the same code, whatever they are built on",
		who:    []string{"./internal/contender"},
		only:   []string{"std", "golang.org/x/sync/errgroup"},
		broken: "./internal/contender > ./producer",
	}, {
		why:    "who calls the HTTP API needs no Redis",
		who:    []string{"./client/..."},
		never:  []string{"github.com/redis/...", "./internal/broker/..."},
		deep:   true,
		broken: "./client > ./internal/broker",
	}, {
		why:    "tests of users need no Redis, and no go-zero",
		who:    []string{"./zeroqtest"},
		never:  []string{"github.com/redis/...", "github.com/zeromicro/...", "./internal/broker/redisq/...", "./internal/pool"},
		deep:   true,
		broken: "./zeroqtest > ./internal/pool",
	}, {
		why:    "what becomes of a task is decided by rules alone",
		who:    []string{"./internal/verdict"},
		only:   []string{"std", ".", "./internal/broker"},
		broken: "./internal/verdict > ./internal/pool",
	}, {
		why:    "the API meets the consumer only through the broker",
		who:    []string{"./api/..."},
		never:  []string{"./consumer/..."},
		deep:   true,
		broken: "./api/internal/svc > ./consumer/internal/tasks",
	}, {
		why:    "the consumer meets the API only through the broker",
		who:    []string{"./consumer/..."},
		never:  []string{"./api/..."},
		deep:   true,
		broken: "./consumer > ./api/internal/types",
	}, {
		why:    "the API reaches the engine only by its front doors",
		who:    []string{"./api/..."},
		only:   []string{"std", "others", "./api/...", ".", "./producer/...", "./worker/...", "./internal/...", "./dashboard/..."},
		broken: "./api/internal/svc > ./cmd/zeroq",
	}, {
		why:    "the consumer reaches the engine only by its front doors",
		who:    []string{"./consumer/..."},
		only:   []string{"std", "others", "./consumer/...", ".", "./producer/...", "./worker/...", "./internal/..."},
		broken: "./consumer/internal/svc > ./client",
	}, {
		why:    "the engine does not know the programs made of it",
		who:    []string{"./internal/...", "./producer/...", "./worker/...", "./client/...", "./zeroqtest"},
		never:  []string{"./api/...", "./consumer/...", "./cmd/..."},
		broken: "./worker > ./consumer/internal/tasks",
	}, {
		why:    "the article's shape is a thin layer over the front doors",
		who:    []string{"./queue"},
		only:   []string{"std", ".", "./producer", "./worker", "github.com/zeromicro/..."},
		broken: "./queue > ./internal/broker/redisq",
	}, {
		why:    "nothing of zeroq is built on the article's shape",
		who:    []string{"./..."},
		except: []string{"./queue", "./examples/...", "./test/..."},
		never:  []string{"./queue"},
		broken: "./worker > ./queue",
	}, {
		why:    "one package knows Redis commands, so the broker can be changed in one place",
		who:    []string{"./..."},
		except: []string{"./internal/broker/redisq/...", "./internal/redistest", "./cmd/zeroq/...", "./test/..."},
		never:  []string{"github.com/redis/..."},
		broken: "./producer > github.com/redis/go-redis/v9",
	}, {
		why:    "one package knows Kafka, so its client can be changed in one place",
		who:    []string{"./..."},
		except: []string{"./internal/broker/kafkaq", "./internal/kafkatest", "./test/..."},
		never:  []string{"github.com/segmentio/kafka-go/...", "github.com/twmb/franz-go/..."},
		broken: "./worker > github.com/segmentio/kafka-go",
	}, {
		why:    "miniredis is for tests and for `zeroq dev`, never for work that must not be lost",
		who:    []string{"./..."},
		except: []string{"./cmd/...", "./internal/redistest", "./test/..."},
		never:  []string{"github.com/alicebob/miniredis/..."},
		broken: "./internal/broker/redisq > github.com/alicebob/miniredis/v2",
	}, {
		why:    "test helpers stay out of programs",
		who:    []string{"./..."},
		except: []string{"./internal/redistest", "./internal/rabbittest", "./internal/kafkatest", "./internal/trusttest", "./internal/broker/brokertest", "./internal/broker/carriertest", "./internal/broker/carried/carriedtest", "./test/..."},
		never:  []string{"testing", "./internal/redistest", "./internal/rabbittest", "./internal/kafkatest", "./internal/trusttest", "./internal/broker/brokertest", "./internal/broker/carriertest", "./internal/broker/carried/carriedtest", "./zeroqtest"},
		broken: "./worker > ./internal/redistest",
	},
}

// vague names say nothing of what is inside, so they collect everything.
var vague = []string{"util", "utils", "common", "base", "helpers"}

func TestImports(t *testing.T) {
	for _, p := range load(t) {
		for _, r := range rules {
			imports := p.Imports
			if r.deep {
				imports = p.Deps
			}
			for _, imp := range imports {
				if r.breaks(p.path(), ours(imp)) {
					t.Errorf("%s imports %s: %s", p.path(), ours(imp), r.why)
					break // the first says enough
				}
			}
		}
	}
}

func TestImports_EachRuleCanBeBroken(t *testing.T) {
	for _, r := range rules {
		pkg, imp, _ := strings.Cut(r.broken, " > ")
		if !r.breaks(pkg, imp) {
			t.Errorf("%q lets %s pass", r.why, r.broken)
		}
		if r.breaks(pkg, "strings") {
			t.Errorf("%q forbids %s to import strings", r.why, pkg)
		}
		for _, other := range r.except {
			if other = strings.TrimSuffix(other, "/..."); r.breaks(other, imp) {
				t.Errorf("%q holds for %s, which it excepts", r.why, other)
			}
		}
	}
}

func TestPackageNames(t *testing.T) {
	for _, p := range load(t) {
		for _, name := range vague {
			if p.Name == name || strings.HasSuffix(p.path(), "/"+name) {
				t.Errorf("package %s: name it for what it does", p.path())
			}
		}
	}
}

// breaks tells whether the package pkg must not import imp.
func (r rule) breaks(pkg, imp string) bool {
	if !matchAny(r.who, pkg) || matchAny(r.except, pkg) {
		return false
	}
	return matchAny(r.never, imp) || len(r.only) > 0 && !matchAny(r.only, imp)
}

func matchAny(patterns []string, path string) bool {
	for _, p := range patterns {
		if match(p, path) {
			return true
		}
	}
	return false
}

func match(pattern, path string) bool {
	switch pattern {
	case "std":
		return isStd(path)
	case "others":
		return isForeign(path)
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == pattern
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"std", "net/http", true},
		{"std", "./internal/wire", false},
		{"std", ".", false},
		{"std", "golang.org/x/sys/unix", false},
		{"others", "golang.org/x/sys/unix", true},
		{"others", "net/http", false},
		{"others", "./worker", false},
		{"./...", "./worker", true},
		{"./...", "net/http", false},
		{"./internal/broker", "./internal/broker", true},
		{"./internal/broker", "./internal/broker/redisq", false},
		{"./internal/broker/...", "./internal/broker", true},
		{"./internal/broker/...", "./internal/broker/redisq/lua", true},
		{"./internal/broker/...", "./internal/brokers", false},
	}
	for _, tt := range tests {
		if got := match(tt.pattern, tt.path); got != tt.want {
			t.Errorf("match(%q, %q) = %t", tt.pattern, tt.path, got)
		}
	}
}
