package redisq

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/broker/brokertest"
	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// A cluster of one node refuses, as any other, a script whose keys do not share a slot.
func TestConformance_Cluster(t *testing.T) {
	conf, client := startCluster(t)
	var turn sync.Mutex // a cluster has one database: the tests take turns
	brokertest.Run(t, func(t testing.TB) brokertest.Store {
		turn.Lock()
		t.Cleanup(turn.Unlock)
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return store(t, conf, client)
	})
}

func TestCluster_RefusesKeysOfDifferentSlots(t *testing.T) {
	t.Parallel()
	conf, client := startCluster(t)
	err := client.Eval(t.Context(), "return redis.call('GET', KEYS[1])", []string{"zq:{a}:v", "zq:{b}:v"}).Err()
	if !redis.HasErrorPrefix(err, "CROSSSLOT") {
		t.Errorf("this cluster would not notice: %v", err)
	}
	r := rigOn(t, conf, client)
	if err := r.Intake(t.Context(), "task_queue", "q"); err == nil || SameSlot("task_queue", "q") || !SameSlot(brokertest.ForeignList, "q") {
		t.Errorf("a list of another slot is drained: %v", err)
	}
}

// startCluster runs a cluster of one node, which has all the slots.
func startCluster(t *testing.T) (zeroq.RedisConf, *redis.Client) {
	t.Helper()
	port, bus := freePort(t), freePort(t)
	server := redistest.StartServer(t, "--appendonly", "no", "--port", port, "--cluster-enabled", "yes", "--cluster-port", bus,
		"--cluster-announce-ip", "127.0.0.1")
	client := server.Client()
	if err := client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	tooLate := time.After(20 * time.Second)
	for client.Set(t.Context(), "zq:{q}:v", "1", 0).Err() != nil {
		select {
		case <-tooLate:
			t.Fatal("the cluster does not come up: ", client.ClusterInfo(t.Context()).Val())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return zeroq.RedisConf{Addrs: []string{"127.0.0.1:" + port}, Cluster: true}, client
}
