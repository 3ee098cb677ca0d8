package kafkaq

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/zeroq-dev/zeroq/internal/kafkatest"
)

// A worker that is killed while the group waits for its members gets a share of the partitions, and never reads
// it: others have it after a session.
func TestReceive_TheShareOfOneThatDiedAsItJoined(t *testing.T) {
	t.Parallel()
	server := server(t)
	c := open(t, server.Conf())
	c.pace.session, c.pace.heartbeat = 5*time.Second, 500*time.Millisecond // so long the member that lives does not know of the one that dies
	publish(t, c, numbered("", 0, 1)...)
	sub := subscribe(t, c, 100)
	sub.Ack(receive(t, sub, 1)...)

	dieJoining(t, server, c.group("q"), c.topic("q"))
	shared := func() bool {
		info := server.Cluster().GroupInfo(c.group("q"))
		return info.State == "Stable" && len(info.Members) == 2
	}
	until(t, "the dead one has a share", shared)
	publish(t, c, numbered("", 1, 25)...)
	sub.Ack(receive(t, sub, 24)...)
}

// dieJoining joins a group that has members, and is gone before they know it.
func dieJoining(t testing.TB, server *kafkatest.Server, group, topic string) {
	t.Helper()
	client := kafkatest.Client(t, server.Conf(), kgo.DisableClientMetrics())
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.ProtocolType = group, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 3000, 5000
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{topic}
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name, protocol.Metadata = "range", metadata.AppendTo(nil)
	req.Protocols = append(req.Protocols, protocol)
	req.MemberID = join(t, client, req).MemberID // it is asked to come again with the name that it was given
	joining := make(chan struct{}, 1)
	server.Watch(kmsg.JoinGroup, func(r kmsg.Request) {
		if r.(*kmsg.JoinGroupRequest).MemberID == req.MemberID {
			signal(joining)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = req.RequestWith(ctx, client)
	}()
	<-joining
	client.Close()
	<-answered
}
