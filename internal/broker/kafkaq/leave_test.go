package kafkaq

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// ghost has a member join a group that is never heard of again: for a minute, all others that join wait for it.
func ghost(t testing.TB, conf zeroq.KafkaConf, group string) {
	t.Helper()
	client := kafkatest.Client(t, conf)
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.ProtocolType = group, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 60_000, 60_000
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name = "range"
	req.Protocols = append(req.Protocols, protocol)
	joined := join(t, client, req)
	if req.MemberID = joined.MemberID; joined.ErrorCode != 0 { // it is asked to come again with the name that it was given
		joined = join(t, client, req)
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.MemberID, sync.Generation = group, joined.MemberID, joined.Generation
	if _, err := sync.RequestWith(t.Context(), client); err != nil {
		t.Fatal(err)
	}
}

func join(t testing.TB, client *kgo.Client, req *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse {
	t.Helper()
	res, err := req.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// A worker that is told to stop does not wait for members that are dead.
func TestClose_WhileTheGroupWaitsForTheDead(t *testing.T) {
	t.Parallel()
	server := kafkatest.Start(t)
	c := open(t, server.Conf())
	c.pace.rebalance = time.Minute
	ghost(t, server.Conf(), c.group("q"))
	joining := make(chan struct{}, 10)
	server.Watch(kmsg.JoinGroup, func(kmsg.Request) { signal(joining) })
	sub, err := c.Subscribe(t.Context(), "q", 1)
	if err != nil {
		t.Fatal(err)
	}
	<-joining
	closed := make(chan error)
	go func() { closed <- sub.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it waits for the dead")
	}
}
