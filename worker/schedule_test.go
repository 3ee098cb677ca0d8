package worker_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/redisq"
	"github.com/zeroq-dev/zeroq/internal/conffile"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

func scheduled(change func(*worker.ScheduleConf)) worker.Conf {
	s := worker.ScheduleConf{Name: "b", Spec: "@every 1s", Task: worker.ScheduleTaskConf{Type: "echo"}}
	change(&s)
	first := worker.ScheduleConf{Name: "a", Spec: "@daily", Task: worker.ScheduleTaskConf{Type: "echo"}}
	return worker.Conf{Schedules: []worker.ScheduleConf{first, s}}
}

func TestConf_MistakesOfSchedulesAreNamedByTheirKey(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*worker.ScheduleConf){
		"Schedules[1].Name: must":             func(s *worker.ScheduleConf) { s.Name = "B" },
		"Schedules[1].Name: schedule \"a\"":   func(s *worker.ScheduleConf) { s.Name = "a" },
		"Schedules[1].Spec: is missing":       func(s *worker.ScheduleConf) { s.Spec = "" },
		"Schedules[1].Spec: must not come":    func(s *worker.ScheduleConf) { s.Spec = "@every 1ms" },
		"Schedules[1].Timezone: ":             func(s *worker.ScheduleConf) { s.Timezone = "Moon" },
		"Schedules[1].Jitter: ":               func(s *worker.ScheduleConf) { s.Jitter = 2 * time.Hour },
		"Schedules[1].Overlap: ":              func(s *worker.ScheduleConf) { s.Overlap = "wait" },
		"Schedules[1].CatchUp: ":              func(s *worker.ScheduleConf) { s.CatchUp = "some" },
		"Schedules[1].Task.Type: ":            func(s *worker.ScheduleConf) { s.Task.Type = "" },
		"Schedules[1].Task.Queue: ":           func(s *worker.ScheduleConf) { s.Task.Queue = "No" },
		"Schedules[1].Task.Data: is not":      func(s *worker.ScheduleConf) { s.Task.Data = "{" },
		"Schedules[1].Task.Priority: ":        func(s *worker.ScheduleConf) { s.Task.Priority = "urgent" },
		"Schedules[1].Task.MaxAttempts: must": func(s *worker.ScheduleConf) { s.Task.MaxAttempts = 5000 },
		"Schedules[1].Task.Timeout: ":         func(s *worker.ScheduleConf) { s.Task.Timeout = 1 },
		"Schedules[1].Task.Retention: ":       func(s *worker.ScheduleConf) { s.Task.Retention = -1 },
		"Schedules[1].Task.Headers: ":         func(s *worker.ScheduleConf) { s.Task.Headers = map[string]string{"": ""} },
	} {
		if err := scheduled(change).Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := scheduled(func(*worker.ScheduleConf) {}).Validate(); err != nil {
		t.Error(err)
	}
}

const scheduleFile = `
Redis: {}
Schedules:
  - Name: report
    Spec: "0 7 * * mon-fri"
    Timezone: Europe/Berlin
    Jitter: 30s
    Overlap: skip
    CatchUp: last
    Paused: true
    Task:
      Type: report.build
      Queue: reports
      Data: '{"Kind": "daily",  "n": 1.50}'
      Priority: low
      MaxAttempts: 3
      Timeout: 10m
      Retention: 24h
      Headers: {Team: ops}
  - {Name: bare, Spec: "@hourly", Task: {Type: clean}}
`

func TestConf_SchedulesFromAFile(t *testing.T) {
	t.Parallel()
	load := func(text string) (c worker.Conf, err error) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return c, conffile.Load(path, &c)
	}
	c, err := load(scheduleFile)
	if err != nil {
		t.Fatal(err)
	}
	s, bare := c.Schedules[0], c.Schedules[1]
	if s.Timezone != "Europe/Berlin" || s.Jitter != 30*time.Second || s.Overlap != "skip" || s.CatchUp != "last" || !s.Paused ||
		s.Task.Queue != "reports" || s.Task.Data != `{"Kind": "daily",  "n": 1.50}` || s.Task.Priority != "low" || s.Task.MaxAttempts != 3 ||
		s.Task.Timeout != 10*time.Minute || s.Task.Retention != 24*time.Hour || s.Task.Headers["Team"] != "ops" {
		t.Errorf("loaded %+v", s)
	}
	if bare.Timezone != "UTC" || bare.Overlap != "allow" || bare.CatchUp != "none" || bare.Task.Queue != "default" || bare.Task.MaxAttempts != 10 {
		t.Errorf("loaded %+v", bare)
	}
	for misspelt, right := range map[string]string{"Zone: x": "Paused: true", "Kind: x": "Priority: low"} {
		key, _, _ := strings.Cut(misspelt, ":")
		if _, err := load(strings.Replace(scheduleFile, right, misspelt, 1)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// table is a look at the schedules from outside.
func table(t *testing.T, conf zeroq.RedisConf) *redisq.Broker {
	t.Helper()
	b, err := redisq.Open(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestWorker_MakesItsSchedulesAndRunsTheirTasks(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	ran := make(chan *zeroq.Task, 100)
	mux := handle("echo", func(_ context.Context, task *zeroq.Task) error {
		ran <- task
		return nil
	})
	conf := worker.Conf{Redis: redis, Schedules: []worker.ScheduleConf{
		{Name: "often", Spec: "@every 1s", Task: worker.ScheduleTaskConf{Type: "echo", Data: `{"a": 1}`}},
	}}
	first := start(t, conf, mux)
	start(t, conf, mux) // two processes, one timetable
	seen := map[string]bool{}
	for range 3 {
		task := receive(t, ran)
		at := task.Headers["zeroq-scheduled-at"]
		if seen[at] || task.Headers["zeroq-schedule"] != "often" || string(task.Data) != `{"a": 1}` {
			t.Errorf("ran %+v, seen before: %v", task, seen)
		}
		seen[at] = true
	}
	b := table(t, redis)
	if err := b.PauseSchedule(t.Context(), "often"); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	start(t, conf, mux)
	start(t, worker.Conf{Redis: redis}, mux) // has none, and leaves them alone
	eventually(t, "the workers are there", func() bool {
		workers, err := b.Workers(t.Context())
		return err == nil && len(workers) == 3
	})
	if s, err := b.Schedule(t.Context(), "often"); err != nil || !s.Paused {
		t.Errorf("after a restart it is %+v, %v", s, err)
	}
}

func TestWorker_DeletesItsScheduleThatIsNotListedAnyMore(t *testing.T) {
	t.Parallel()
	redis, _ := redistest.New(t)
	b, mux := table(t, redis), handle("echo", func(context.Context, *zeroq.Task) error { return nil })
	names := func(queue string, listed ...string) worker.Conf {
		conf := worker.Conf{Redis: redis, Pools: []worker.PoolConf{{Queues: []worker.QueueConf{{Name: queue}}}}}
		for _, name := range listed {
			conf.Schedules = append(conf.Schedules, worker.ScheduleConf{
				Name: name, Spec: "@yearly", Task: worker.ScheduleTaskConf{Type: "echo", Queue: queue},
			})
		}
		return conf
	}
	listed := func() string {
		all, err := b.Schedules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return strings.Join(names, " ")
	}
	start(t, names("mail", "m"), mux)
	start(t, names("other", "x", "y"), mux)
	eventually(t, "both have made theirs", func() bool { return listed() == "m x y" })
	start(t, names("other", "y", "z"), mux)
	eventually(t, "what is not listed is gone", func() bool { return listed() == "m y z" })
}
