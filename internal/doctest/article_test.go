package doctest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/internal/redistest"
	"github.com/zeroq-dev/zeroq/worker"
)

// article is a message as the tutorials' pushTask writes it. The page shows it, and a float64 cannot
// hold its number.
const (
	article     = `{"Type":1,"Data":{"order":9007199254740993,"customer":"ann"}}`
	articleData = `{"order":9007199254740993,"customer":"ann"}`
)

// The messages of the tutorials are tasks, on a list of their own and on the queue's, however plainly
// they were pushed.
func TestFromTheArticle(t *testing.T) {
	t.Parallel()
	for _, list := range []string{"task_queue", "zq:{default}:ready"} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			conf, client := redistest.New(t)
			ran := make(chan *zeroq.Task, 1)
			mux := zeroq.NewMux()
			mux.HandleFunc("1", func(_ context.Context, task *zeroq.Task) error {
				ran <- task
				return nil
			})
			w, err := worker.New(worker.Conf{
				Redis: conf,
				Pools: []worker.PoolConf{{Queues: []worker.QueueConf{{Name: "default", Intake: []string{"task_queue"}}}}},
				Drain: time.Second,
			}, mux)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				w.Start()
			}()
			t.Cleanup(func() {
				w.Stop()
				<-ended
			})
			if err := client.LPush(t.Context(), list, article).Err(); err != nil {
				t.Fatal(err)
			}
			select {
			case task := <-ran:
				if task.Type != "1" || string(task.Data) != articleData || task.ID == "" {
					t.Errorf("the task is %+v with data %s", task, task.Data)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the task did not run")
			}
		})
	}
}

func TestFromTheArticle_ShowsTheMessage(t *testing.T) {
	for _, b := range pageOf(t, "docs/from-the-article.md").blocks {
		if strings.Contains(b.text, article) {
			return
		}
	}
	t.Errorf("docs/from-the-article.md does not show %s", article)
}

// What the page says of the hand-made form.
func TestFromTheArticle_ByHand(t *testing.T) {
	t.Parallel()
	_, client := redistest.New(t)
	if err := client.LPush(t.Context(), "task_queue", article).Err(); err != nil {
		t.Fatal(err)
	}
	answer, err := client.BRPop(t.Context(), time.Second, "task_queue").Result()
	if err != nil {
		t.Fatal(err)
	}
	var task struct {
		Type int
		Data any
	}
	if err := json.Unmarshal([]byte(answer[1]), &task); err != nil {
		t.Fatal(err)
	}
	if order := task.Data.(map[string]any)["order"]; order != float64(9007199254740992) {
		t.Errorf("the number is %v of type %T", order, order)
	}
	// Here the consumer would be killed: nothing is left of the task.
	if keys, err := client.Keys(t.Context(), "*").Result(); err != nil || len(keys) > 0 {
		t.Errorf("there are %q, %v", keys, err)
	}
}
