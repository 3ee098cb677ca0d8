package redisq

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

var (
	modelSeed = flag.Uint64("model.seed", 0, "repeat the model test with this seed")
	modelRuns = flag.Int("model.runs", 4, "how many seeds the model test tries")
)

// Random operations on a real queue, beside a model that knows where each task must be, and foretells
// what each operation answers. After each of them:
//
//   - the counts of the queue are those of the model;
//   - the ready lists hold the tasks of the model, in its order, and wake whom they must.
//
// And every so often, by looking at every key:
//
//   - every task that was accepted is in exactly one place, and it is the place that the model has;
//   - no task has two owners, and its owner is the one that the model has;
//   - unique keys, crashes, progress and what was called off are those of the model, and of no other task;
//   - whoever lost a lease has changed nothing since.
func TestModel_EveryTaskIsInExactlyOnePlace(t *testing.T) {
	t.Parallel()
	for range *modelRuns {
		modelRun(t, 1000, func(t *testing.T, seed uint64) *model {
			conf, client := redistest.New(t)
			return newModel(t, seed, nil, conf, client)
		})
	}
}

// The same while Redis is killed again and again, between a script and its answer too, and forgets its
// scripts: nothing is ever half done.
func TestModel_RedisDiesAtAnyTime(t *testing.T) {
	t.Parallel()
	modelRun(t, 300, func(t *testing.T, seed uint64) *model {
		server := redistest.StartServer(t)
		return newModel(t, seed, server, server.Conf(), server.Client())
	})
}

func modelRun(t *testing.T, operations int, begin func(*testing.T, uint64) *model) {
	seed := *modelSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Run(fmt.Sprint(seed), func(t *testing.T) {
		t.Parallel()
		m := begin(t, seed)
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("repeat with -model.seed=%d; the last operations: %s", seed, strings.Join(m.log[max(0, len(m.log)-20):], ", "))
			}
		})
		for n := range operations {
			m.step()
			if n%25 == 0 {
				m.checkPlaces()
			}
		}
		m.finishAll()
	})
}

// modelLease is short: whoever is to be taken for dead is so soon.
const modelLease = 40 * time.Millisecond

type model struct {
	*rig
	rng    *rand.Rand
	log    []string
	server *redistest.Server // nil: it is not the test's to kill

	tasks  []*modelTask
	byID   map[string]*modelTask // those that a lookup finds
	fading map[string]*modelTask // succeeded ones whose retention is over, by id
	lists  map[string][]*modelTask
	locks  map[string]modelLock

	alive  []*modelMember
	dead   []*modelMember // killed, and not reaped yet
	ghosts []*modelMember // reaped
	reaper broker.Reaper
	born   int

	paused, draining bool
	limits           zeroq.Limits
	tokens           int // of the rate; less than 0: the bucket is full
}

type modelMember struct {
	*member
	name    string
	left    bool // in order, but with tasks at hand
	held    []*broker.Delivery
	fetched int        // calls of the fetch script
	suspect *modelTask // the last one that it took
}

func newModel(t *testing.T, seed uint64, server *redistest.Server, conf zeroq.RedisConf, client *redis.Client) *model {
	m := &model{
		rig: rigOn(t, conf, client), rng: rand.New(rand.NewPCG(seed, 0)), server: server, tokens: -1,
		byID: make(map[string]*modelTask), fading: make(map[string]*modelTask),
		lists: make(map[string][]*modelTask), locks: make(map[string]modelLock),
	}
	// Every fifth call of a script is sent twice, but for those that answer with what they have done, or do
	// more when they are called again.
	counting := map[string]bool{"promote": true, "sweep_index": true, "sweep_list": true, "yield": true}
	again := rand.New(rand.NewPCG(seed, 1))
	attach(m.Broker, func(script string) bool {
		twice := again.IntN(5) == 0 && !counting[script]
		if twice && m.server != nil && again.IntN(20) == 0 && m.Context().Err() == nil {
			m.killRedis()
			// Whoever finds a script missing loads it and tries once more: that is for crash to try.
			for _, name := range scriptNames() {
				m.must(load(name).Load(m.Context(), m.client).Err())
			}
		}
		return twice
	})
	m.reaper = m.NewReaper("q", "undertaker", modelLease)
	m.newMember()
	return m
}

func (m *model) step() {
	m.Helper()
	steps := []struct {
		weight int
		name   string
		do     func()
	}{
		{12, "enqueue", m.enqueue}, {8, "push", m.pushBare}, {20, "fetch", m.fetchSome}, {10, "settle", m.settleSome}, {10, "exchange", m.exchangeSome},
		{4, "commit", m.commitSome}, {3, "report", m.reportSome}, {2, "wait", m.wait}, {1, "yield", m.yield},
		{6, "promote", m.promote}, {3, "join", m.newMember}, {4, "kill", m.kill}, {3, "reap", m.reap},
		{4, "dead one settles", m.deadSettles}, {2, "ghost settles", m.ghostSettles},
		{7, "cancel", m.cancel}, {5, "retry", m.retryOne}, {4, "delete", m.deleteOne},
		{2, "pause", m.pause}, {1, "drain", m.drain}, {3, "limit", m.limit}, {1, "sweep", m.sweepBrief}, {1, "crash", m.crash},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := m.rng.IntN(total)
	for _, s := range steps {
		if at -= s.weight; at < 0 {
			m.log = append(m.log, s.name)
			s.do()
			break
		}
	}
	m.checkCounts()
	m.checkLists()
}

// crash kills the test's own Redis, or makes it forget its scripts.
func (m *model) crash() {
	switch {
	case m.server == nil:
	case m.chance(2):
		m.killRedis()
	default:
		m.must(m.client.ScriptFlush(m.Context()).Err())
	}
}

func (m *model) killRedis() {
	m.server.Kill()
	m.server.Restart()
}

func (m *model) newMember() {
	m.born++
	name := fmt.Sprintf("w%d", m.born%3) // names come again
	m.alive = append(m.alive, &modelMember{member: m.joinFor(name, broker.AtLeastOnce, modelLease), name: name})
}

// someMember is a live one.
func (m *model) someMember() *modelMember {
	if len(m.alive) == 0 {
		m.newMember()
	}
	return m.alive[m.rng.IntN(len(m.alive))]
}

func (m *model) chance(of int) bool { return m.rng.IntN(of) == 0 }

// finishAll brings every task to an end that can have one, and has nothing left behind.
func (m *model) finishAll() {
	m.log = append(m.log, "finish all")
	m.must(m.Resume(m.Context(), "q"))
	m.paused, m.draining = false, false
	m.setLimits(zeroq.Limits{})
	m.reap()
	for m.listed() > 0 || len(m.in(zeroq.Leased)) > 0 {
		m.newMember()
		m.fetchFor(m.alive[len(m.alive)-1], 512)
		for _, who := range m.alive {
			for len(who.held) > 0 {
				m.settleFor(who)
			}
		}
		m.promote()
		m.checkLists()
	}
	for _, task := range append(m.in(zeroq.Scheduled), m.in(zeroq.Retry)...) {
		m.cancelID(task.id)
	}
	m.checkCounts()
	m.checkPlaces()
	for _, who := range m.alive {
		m.must(who.Leave(m.Context()))
	}
	m.sweepAll()
	stays := []string{keyQueues, m.keys.version, m.keys.sequence, m.keys.counters, m.keys.gate}
	for _, lock := range m.locks {
		if lock.mode == "t" {
			stays = append(stays, lock.key)
		}
	}
	for _, name := range m.names() {
		if !strings.Contains(strings.Join(stays, " ")+" ", name+" ") {
			m.Errorf("%s is left", name)
		}
	}
}
