package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zeromicro/go-zero/core/service"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/consumer/app"
	"github.com/zeroq-dev/zeroq/consumer/internal/config"
	"github.com/zeroq-dev/zeroq/internal/conffile"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, redistest.GoZero...)) }

func load(t *testing.T, content string) (conf app.Conf, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "consumer.yaml")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	err = conffile.Load(path, &conf)
	return conf, err
}

func TestConf_Shipped(t *testing.T) {
	t.Parallel()
	var conf app.Conf
	must(t, conffile.Load("../../etc/consumer.yaml", &conf))
	if pool := conf.Worker.Pools[0]; pool.Concurrency != 10 || pool.Queues[0].Name != "default" || conf.Health.Host != "127.0.0.1" ||
		!conf.DevServer.Enabled || conf.DevServer.Host != "127.0.0.1" || conf.DevServer.EnablePprof {
		t.Errorf("loaded %+v", conf)
	}
}

// commented is a line that shows a setting as a comment.
var commented = regexp.MustCompile(`(?m)^( *)# ( *(?:- )?[A-Z][A-Za-z]*:( .*)?)$`)

// The examples with a broker load as they are, and with all that they show as a comment switched on.
func TestConf_ShippedWithABroker(t *testing.T) {
	t.Parallel()
	for name, queue := range map[string]string{"consumer-kafka.yaml": "Kafka.Topic", "consumer-rabbitmq.yaml": "RabbitMQ.Queue"} {
		shipped, err := os.ReadFile("../../etc/" + name)
		must(t, err)
		conf, err := load(t, string(shipped))
		must(t, err)
		if b, q := conf.Worker.Brokers[0], conf.Worker.Pools[0].Queues[0]; q.Name != "default" || q.Broker != b.Name {
			t.Errorf("%s: loaded %+v and %+v", name, b, q)
		}
		all := commented.ReplaceAllString(string(shipped), "$1$2")
		if len(all) > len(shipped)-2*8 {
			t.Errorf("%s shows nothing as a comment", name)
		}
		if password := "Password: secret\n        User:"; !strings.Contains(all, " Password:") {
			all = strings.Replace(all, "User:", password, 1)
		}
		if _, err = load(t, all); err != nil {
			t.Errorf("%s: %v in\n%s", name, err, all)
		}
		if _, err := load(t, strings.Replace(all, "zeroq.{queue}", "zeroq", 1)); err == nil || !strings.Contains(err.Error(), "Worker.Brokers[0]."+queue) {
			t.Errorf("%s: %v, want a mistake in %s", name, err, queue)
		}
	}
}

func TestConf_NameIsEnough(t *testing.T) {
	t.Parallel()
	conf, err := load(t, "Name: c\n")
	must(t, err)
	if conf.Worker.Lease != 12*time.Second || conf.Worker.MaxDead != 100_000 || conf.Tasks.Trial {
		t.Errorf("loaded %+v", conf)
	}
}

func TestConf_MistakesAreNamed(t *testing.T) {
	t.Parallel()
	for content, key := range map[string]string{
		"Name: c\nWokers: {}":                                                         "Wokers",
		"Name: c\nWorker: {Pools: [{Concurency: 3}]}":                                 "Worker.Pools[0].Concurency",
		"Name: c\nWorker: {Pools: [{Concurrency: 0}]}":                                "Worker.Pools[0].Concurrency: 0 is not within 1 to 10000",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Weight: 0}]}]}":                "Worker.Pools[0].Queues[0].Weight: 0 is not within 1 to 1000",
		"Name: c\nWorker: {MaxFinished: 0}":                                           "Worker.MaxFinished: 0 is not at least 1",
		"Name: c\nWorker: {MaxDead: 0}":                                               "Worker.MaxDead: 0 is not at least 1",
		"Name: c\nWorker: {Lease: 0s}":                                                "Worker.Lease: 0s",
		"Name: c\nWorker: {Drain: 0s}":                                                "Worker.Drain: 0s",
		"Name: c\nWorker: {DeadFor: 0s}":                                              "Worker.DeadFor: 0s",
		"Name: c\nTasks: {HTTP: {Timeout: 0s}}":                                       "Tasks.HTTP.Timeout: 0s",
		"Name: c\nTasks: {Thumbnail: {MaxPixels: 0}}":                                 "Tasks.Thumbnail.MaxPixels: 0 is not at least 1",
		"Name: c\nWorker: {Retry: {Jitter: 3}}":                                       "Worker.Retry.Jitter: 3 is not within 0 to 1",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Intake: b}]}]}":                "Worker.Pools[0].Queues[0].Intake: want a list",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Intake: ['zq:{a}:ready']}]}]}": "Worker.Pools[0].Queues[0].Intake",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Mode: exactly-once}]}]}":       "Worker.Pools[0].Queues[0].Mode: \"exactly-once\" is none of at-least-once, at-most-once",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Retention: 0s}]}]}":            "Worker.Pools[0].Queues[0].Retention: 0s",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Retry: {Base: 2h}}]}]}":        "Worker.Pools[0].Queues[0].Retry: retry max",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Limits: {Rate: -1}}]}]}":       "Worker.Pools[0].Queues[0].Limits.Rate: must be",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Limits: {Rat: 1}}]}]}":         "Worker.Pools[0].Queues[0].Limits.Rat",
		"Name: c\nLog: {Level: loud}":                                                 "Log.Level: \"loud\" is none of debug, info, error, severe",
		"":                                                                            `"Name" is not set`,
		"Name: c\nWorker: {Pools: [{Concurrency: -1}]}":                               "Worker.Pools[0].Concurrency",
		"Name: c\nWorker: {Lease: 1ms}":                                               "Worker.Lease",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: A}]}]}":                           "Worker.Pools[0].Queues[0].Name",
		"Name: c\nWorker: {Pools: [{Queues: [{Name: a, Broker: k}]}]}":                "Worker.Pools[0].Queues[0].Broker",
		"Name: c\nWorker: {Brokers: [{Name: k, Kafka: {Addrs: [k]}}]}":                "Worker.Brokers[0].Kafka.Addrs[0]",
		"Name: c\nWorker: {Redis: {Addrs: [a:1, b:1]}}":                               "Redis.Addrs",
		"Name: c\nHealth: {Port: 70000}":                                              "Health.Port",
		"Name: c\nShutdown: {WaitTime: 5s}":                                           "Shutdown.WaitTime",
		"Name: c\nTasks: {HTTP: {AllowNetworks: [x]}}":                                "Tasks.HTTP.AllowNetworks",
		"Name: c\nWorker: {Retry: {Base: 0s, Max: -1s}}":                              "Worker.Retry",
	} {
		_, err := load(t, content)
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: got %v, want %s", content, err, key)
		}
	}
}

func TestNew_ZeroOfACallerIsTheDefault(t *testing.T) {
	t.Parallel()
	redisConf, _ := redistest.New(t)
	conf := app.Conf{Health: config.Health{Host: "127.0.0.1"}}
	conf.Worker.Redis = redisConf
	consumer, err := app.New(conf)
	must(t, err)
	must(t, consumer.Close())
}

func TestConsumer_RunsBareMessagesAndTellsThatItIsReady(t *testing.T) {
	t.Parallel()
	redisConf, client := redistest.New(t)
	conf, err := load(t, "Name: c\nHealth: {Port: 0}\nTasks: {Trial: true}\n")
	must(t, err)
	conf.Worker.Redis = redisConf
	events := make(chan worker.Event, 1)
	consumer, err := app.New(conf, worker.Observe(func(e worker.Event) { events <- e }))
	must(t, err)
	group := service.NewServiceGroup()
	consumer.AddTo(group)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Start()
	}()
	t.Cleanup(func() {
		group.Stop()
		<-ended
		must(t, consumer.Close())
		http.DefaultClient.CloseIdleConnections()
	})
	must(t, client.LPush(t.Context(), "zq:{default}:ready", `{"type":"echo","data":{"n":9007199254740993}}`).Err())
	select {
	case e := <-events:
		if e.State != zeroq.Succeeded || e.Task.Type != "echo" {
			t.Errorf("event %+v", e)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the task does not run")
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status := get(t, "http://"+consumer.HealthAddr().String()+path); status != http.StatusOK {
			t.Errorf("%s answers %d", path, status)
		}
	}
}

func TestConsumer_NotReadyWithoutRedis(t *testing.T) {
	t.Parallel()
	conf, err := load(t, "Name: c\nHealth: {Port: 0}\nWorker: {Redis: {Addrs: ['127.0.0.1:1']}}\n")
	must(t, err)
	consumer, err := app.New(conf)
	must(t, err)
	group := service.NewServiceGroup()
	consumer.AddTo(group)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Start()
	}()
	base := "http://" + consumer.HealthAddr().String()
	if status := get(t, base+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	if status := get(t, base+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}
	group.Stop()
	<-ended
	must(t, consumer.Close())
}

func TestNew_RefusesAnAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	redisConf, _ := redistest.New(t)
	conf, err := load(t, "Name: c\nHealth: {Port: 0}\n")
	must(t, err)
	conf.Worker.Redis = redisConf
	first, err := app.New(conf)
	must(t, err)
	conf.Health.Port = port(t, first)
	if _, err := app.New(conf); err == nil || !strings.Contains(err.Error(), "Health") {
		t.Errorf("err = %v", err)
	}
	must(t, first.Close())
}

func port(t *testing.T, a *app.App) int {
	t.Helper()
	var port int
	_, text, _ := strings.Cut(a.HealthAddr().String(), ":")
	must(t, json.Unmarshal([]byte(text), &port))
	return port
}

func get(t *testing.T, url string) int {
	t.Helper()
	resp, err := http.Get(url)
	must(t, err)
	defer resp.Body.Close()
	var body struct{ Status string }
	must(t, json.NewDecoder(resp.Body).Decode(&body))
	return resp.StatusCode
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
