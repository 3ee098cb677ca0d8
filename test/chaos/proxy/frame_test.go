package proxy

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zeroq-dev/zeroq/internal/redistest"
)

// frames are one of each kind, some within others.
var frames = []string{
	"+OK\r\n", "-ERR no\r\n", ":-12\r\n", "_\r\n", "#t\r\n", ",-1.5e3\r\n", ",inf\r\n", "(3492890328409238509324850943850943825024385\r\n",
	"$0\r\n\r\n", "$-1\r\n", "$7\r\n\r\n$*3\r\n\r\n", "!10\r\nERR a\r\nbcd\r\n", "=7\r\ntxt:a\r\n\r\n",
	"*0\r\n", "*-1\r\n", "*2\r\n*0\r\n*1\r\n$1\r\na\r\n", "~2\r\n+a\r\n:1\r\n", "%0\r\n", "%2\r\n+a\r\n*2\r\n:1\r\n:2\r\n+b\r\n_\r\n",
	">3\r\n+message\r\n$1\r\nc\r\n$2\r\nhi\r\n", "|1\r\n+ttl\r\n:3600\r\n$1\r\nx\r\n", "*2\r\n|1\r\n+k\r\n+v\r\n:1\r\n:2\r\n",
}

// split is how a scanner parts a stream that comes in pieces of that size. rest is what begins a frame
// or is none.
func split(s *scanner, stream []byte, piece int) (parts []string, rest string, err error) {
	start := 0
	for at := 0; at < len(stream); {
		n, whole, err := s.scan(stream[at:min(at+piece, len(stream))])
		at += n
		if err != nil {
			return parts, string(stream[start:]), err
		}
		if whole {
			parts, start = append(parts, string(stream[start:at])), at
		}
	}
	return parts, string(stream[start:]), nil
}

func TestScanner_FindsFramesHoweverTheyCome(t *testing.T) {
	t.Parallel()
	stream := []byte(strings.Join(frames, ""))
	for piece := 1; piece <= len(stream); piece++ {
		parts, rest, err := split(new(scanner), stream, piece)
		if err != nil || rest != "" || !slices.Equal(parts, frames) {
			t.Fatalf("in pieces of %d bytes: %q, rest %q, %v", piece, parts, rest, err)
		}
	}
}

func TestScanner_TakesLinesForCommands(t *testing.T) {
	t.Parallel()
	want := []string{"PING\r\n", "\r\n", "\n", "*1\r\n$4\r\nPING\r\n", "*0\r\n", "GET a\n"}
	stream := []byte(strings.Join(want, ""))
	for piece := 1; piece <= len(stream); piece++ {
		parts, rest, err := split(&scanner{inline: true}, stream, piece)
		if err != nil || rest != "" || !slices.Equal(parts, want) {
			t.Fatalf("in pieces of %d bytes: %q, rest %q, %v", piece, parts, rest, err)
		}
	}
}

func TestScanner_TellsWhatIsNoFrame(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"x", "\r\n", "$\r\n", "$x\r\n", "$1-\r\n", "$--1\r\n", "*?\r\n", "$99999999999999999999\r\n", "*1\r\nx", "*1\r\n\r\n",
	} {
		if parts, _, err := split(new(scanner), []byte(text), len(text)); err == nil {
			t.Errorf("%q is taken for %q", text, parts)
		}
	}
}

// A frame may claim any number of parts without costing anything.
func TestScanner_AllocatesNothing(t *testing.T) {
	stream := []byte(strings.Repeat("*68719476736\r\n%68719476736\r\n", 100) + "$68719476736\r\n" + strings.Repeat("x", 1000))
	if n := testing.AllocsPerRun(10, func() {
		var s scanner
		if n, whole, err := s.scan(stream); n != len(stream) || whole || err != nil {
			t.Errorf("took %d, whole: %t, %v", n, whole, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScanner(f *testing.F) {
	for i, frame := range frames {
		f.Add([]byte(frame), uint8(i), i%2 == 0)
	}
	f.Add([]byte("PING\r\n*1\r\n$4\r\nPING\r\n"), uint8(3), true)
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8, inline bool) {
		parts, rest, err := split(&scanner{inline: inline}, stream, len(stream)+1)
		if whole := strings.Join(parts, "") + rest; whole != string(stream) {
			t.Fatalf("%q became %q", stream, whole)
		}
		again, restAgain, errAgain := split(&scanner{inline: inline}, stream, int(piece)+1)
		if !slices.Equal(parts, again) || rest != restAgain || (err == nil) != (errAgain == nil) {
			t.Fatalf("%q: %q, %q, %v; in pieces of %d: %q, %q, %v", stream, parts, rest, err, int(piece)+1, again, restAgain, errAgain)
		}
		for _, part := range parts {
			arguments(nil, []byte(part), -1)
		}
	})
}

// answersOf are scripts with an answer of each kind that Redis has.
var answersOf = []string{
	"return ARGV[1]", "return {ARGV[1], {1, {}, {ARGV[1], false}}, redis.status_reply(#ARGV[1])}", "return redis.error_reply('NO way')",
	"return {map={[ARGV[1]]=ARGV[1], a={1,2}}}", "return {set={[ARGV[1]]=true}}", "return {double=1.5}", "return {big_number='123'}",
	"return true", "return false", "return {verbatim_string={format='txt', string=ARGV[1]}}", "return {}",
}

// What go-redis and Redis say to each other is the same with the proxy as without, and each answer is
// found to end where it does.
func FuzzProxy_ChangesNothing(f *testing.F) {
	f.Add([]byte("*2\r\n$-1\r\n>"), uint8(3))
	f.Add([]byte{0, 255, '\r', '\n'}, uint8(200))
	f.Add([]byte(strings.Repeat("long", 50_000)), uint8(7))
	f.Fuzz(func(t *testing.T, value []byte, length uint8) {
		server, _ := redistest.New(t)
		p := listen(t, server.Addrs[0])
		for _, version := range []int{2, 3} {
			via := dialResp(t, p.Addr(), version)
			direct := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Addrs[0], Protocol: version})
			defer direct.Close()
			got, want := speak(via, value, int(length)), speak(direct, value, int(length))
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("RESP %d: got %q, want %q", version, got, want)
			}
		}
		name := fmt.Sprint("end of ", len(value))
		via := dialResp(t, p.Addr(), 3)
		p.Arm(Trap{Command: name, Moment: Executed, Lose: true})
		pipe := via.Pipeline()
		ask(pipe, value, int(length))
		end, after := pipe.Echo(context.Background(), name), pipe.Echo(context.Background(), "after")
		if _, err := pipe.Exec(context.Background()); err == nil || end.Val() != "" || after.Val() != "" {
			t.Fatalf("cut in the wrong place: %q, %q, %v", end.Val(), after.Val(), err)
		}
		if p.Seen("after") != 0 {
			t.Fatal("what came after was sent")
		}
	})
}

func ask(pipe redis.Pipeliner, value []byte, length int) {
	ctx := context.Background()
	for i := range length {
		pipe.Eval(ctx, "redis.setresp(3) "+answersOf[i%len(answersOf)], nil, value)
		pipe.Echo(ctx, string(value))
		pipe.Get(ctx, "nothing")
	}
}

func speak(c *redis.Client, value []byte, length int) (said []any) {
	pipe := c.Pipeline()
	ask(pipe, value, length)
	cmds, _ := pipe.Exec(context.Background()) // some errors are part of it
	for _, cmd := range cmds {
		switch cmd := cmd.(type) {
		case *redis.Cmd:
			said = append(said, cmd.Val(), fmt.Sprint(cmd.Err()))
		case *redis.StringCmd:
			said = append(said, cmd.Val(), fmt.Sprint(cmd.Err()))
		}
	}
	return said
}
