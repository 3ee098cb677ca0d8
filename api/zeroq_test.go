package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/conffile"
)

// go-zero reads a variable once in a process, so it is set before any file is loaded.
func TestMain(m *testing.M) {
	if err := os.Setenv("ZEROQ_REDIS_PASSWORD", "s3cret"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func load(t *testing.T, content string) (app.Conf, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var conf app.Conf
	err := conffile.Load(path, &conf)
	return conf, err
}

func TestConfig_Shipped(t *testing.T) {
	var conf app.Conf
	if err := conffile.Load("../etc/api.yaml", &conf); err != nil {
		t.Fatal(err)
	}
	if conf.Host != "127.0.0.1" || conf.Port != 8888 || conf.DevServer.Host != "127.0.0.1" || conf.DevServer.EnablePprof {
		t.Errorf("got %+v", conf)
	}
}

// What the shipped file shows as a comment can be switched on.
func TestConfig_Comments(t *testing.T) {
	shipped, err := os.ReadFile("../etc/api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(shipped)) {
		text, isComment := strings.CutPrefix(line, "# ")
		key, _, isKey := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "- "), ":")
		if isComment && isKey && !strings.Contains(key, " ") {
			line = text
		}
		lines = append(lines, line)
	}
	content := strings.Join(lines, "")
	if !strings.Contains(content, "\nCertFile: ") || !strings.Contains(content, "\n  WrapUpTime: ") {
		t.Fatalf("nothing was switched on:\n%s", content)
	}
	if _, err := load(t, content); err != nil {
		t.Error(err)
	}
}

func TestConfig_Defaults(t *testing.T) {
	conf, err := load(t, "Name: api\n")
	if err != nil {
		t.Fatal(err)
	}
	if conf.Host != "127.0.0.1" || conf.Port != 8888 || conf.Timeout != 3*time.Second || conf.DrainTimeout != 4*time.Second ||
		conf.MaxConns != 10000 || conf.Middlewares.Shedding || conf.Middlewares.Breaker || conf.DevServer.Enabled ||
		conf.Redis.Addrs[0] != "127.0.0.1:6379" || conf.Redis.Password != "s3cret" {
		t.Errorf("got %+v", conf)
	}
	rest := conf.Rest()
	if rest.Middlewares.Log || rest.Middlewares.MaxBytes || rest.Middlewares.Gunzip || rest.Middlewares.Trace ||
		!rest.Middlewares.Timeout || !rest.Middlewares.Recover || rest.Timeout != 3000 {
		t.Errorf("go-zero gets %+v", rest)
	}
}

const relaying = "Name: api\nBrokers: [{Name: k, Kafka: {Addrs: [\"kafka:9092\"]}}]\n"

func TestConfig_Relays(t *testing.T) {
	conf, err := load(t, relaying+"Relays: [{Queue: a, Broker: k}]")
	if err != nil {
		t.Fatal(err)
	}
	if conf.Brokers[0].Kafka.Topic != "zeroq.{queue}" || conf.Relays[0].Queue != "a" || conf.Relays[0].Broker != "k" {
		t.Errorf("got %+v, %+v", conf.Brokers[0].Kafka, conf.Relays)
	}
}

func TestConfig_MistakesNameTheKey(t *testing.T) {
	for content, key := range map[string]string{
		"Name: api\nPrt: 1":                     "Prt",
		"Name: api\nRedis: {Adrs: [a]}":         "Redis.Adrs",
		"Name: api\nMiddlewares: {Log: true}":   "Middlewares.Log",
		"Name: api\nMaxBytes: 1":                "MaxBytes",
		"Name: api\nPort: many":                 "port",
		"Name: api\nPort: -1":                   "Port",
		"Name: api\nTimeout: 5":                 "Timeout",
		"Name: api\nQueues: [A]":                "Queues[0]",
		"Name: api\nRedis: {DB: -1}":            "Redis.DB",
		"Name: api\nShutdown: {WaitTime: 2s}":   "DrainTimeout",
		"Name: api\nLog: {Levle: info}":         "Log.Levle",
		"Name: api\nTelemetry: {Endpiont: x}":   "Telemetry.Endpiont",
		"Name: api\nDevServer: {Hots: 0.0.0.0}": "DevServer.Hots",
		"Port: 1":                               "Name",

		"Name: api\nBrokers: [{Name: k, Kafka: {Adrs: [a]}}]":               "Brokers[0].Kafka.Adrs",
		"Name: api\nBrokers: [{Name: k, Kafka: {Addrs: [a]}}]":              "Brokers[0].Kafka.Addrs[0]",
		"Name: api\nBrokers: [{Name: k}]":                                   "Brokers[0].Kafka",
		"Name: api\nRelays: [{Queue: a}]":                                   "elays[0].Broker",
		"Name: api\nRelays: [{Queue: a, Broker: k}]":                        "Relays[0].Broker",
		relaying + "Relays: [{Queue: A, Broker: k}]":                        "Relays[0].Queue",
		relaying + "Relays: [{Queue: a, Broker: k}, {Queue: a, Broker: k}]": "Relays[1].Queue",
	} {
		if _, err := load(t, content); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %v, want %s", content, err, key)
		}
	}
}

func TestRun_Mistakes(t *testing.T) {
	if err := app.Run("none.yaml"); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got %v", err)
	}
}
