package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"

	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/rest/httpx"

	"github.com/zeroq-dev/zeroq"
)

const (
	queue       = "orders"
	confirmType = "order.confirm"
)

// order is both the answer of the routes and the data of a task.
type order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Cents    int64  `json:"cents"`
	Status   string `json:"status"`
}

// orders is the shop's ledger. It lives in memory to keep the example short: a real one is a
// database that every process sees.
type orders struct {
	tasks zeroq.Enqueuer

	mu   sync.Mutex
	byID map[string]order
}

func newOrders(tasks zeroq.Enqueuer) *orders {
	return &orders{tasks: tasks, byID: make(map[string]order)}
}

// post takes an order and leaves the work on it to a task.
func (o *orders) post(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Customer string `json:"customer"`
		Cents    int64  `json:"cents,range=[1:100000000]"`
	}
	if err := httpx.Parse(r, &request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	taken := order{ID: rand.Text(), Customer: request.Customer, Cents: request.Cents, Status: "taken"}
	// The id of the order is that of the task, so enqueueing it again would be refused.
	task := zeroq.NewTask(confirmType, taken, zeroq.ID(taken.ID), zeroq.Queue(queue))
	if err := o.tasks.Enqueue(r.Context(), task); err != nil {
		logx.WithContext(r.Context()).Errorf("order %s: %v", taken.ID, err)
		http.Error(w, "orders cannot be taken now", http.StatusServiceUnavailable)
		return
	}
	o.mu.Lock()
	if _, confirmed := o.byID[taken.ID]; !confirmed { // the worker may have been faster
		o.byID[taken.ID] = taken
	}
	o.mu.Unlock()
	httpx.WriteJsonCtx(r.Context(), w, http.StatusAccepted, taken)
}

// get shows an order.
func (o *orders) get(w http.ResponseWriter, r *http.Request) {
	var request struct {
		ID string `path:"id"`
	}
	if err := httpx.Parse(r, &request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	found, ok := o.byID[request.ID]
	o.mu.Unlock()
	if !ok {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	httpx.WriteJsonCtx(r.Context(), w, http.StatusOK, found)
}

// confirm works on a task. It may run twice for one order: the second time it writes what is there.
func (o *orders) confirm(_ context.Context, confirmed order) error {
	confirmed.Status = "confirmed"
	o.mu.Lock()
	defer o.mu.Unlock()
	o.byID[confirmed.ID] = confirmed
	return nil
}
