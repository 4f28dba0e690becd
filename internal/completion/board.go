// Package completion tells a request that its checkout has ended, and what it is answered, when both
// are in one process: sooner than Temporal would, and without a question to it or to the database. It
// is a short cut and no promise: what ends in another process is heard of through Temporal.
package completion

import (
	"encoding/json"
	"sync"

	"github.com/google/uuid"
)

// Answer is what is kept in the database as the answer to a request. Its zero value: look there.
type Answer struct {
	Status int // of HTTP
	Body   json.RawMessage
}

// Board is where requests wait. The nil *Board is one on which nothing is ever told.
type Board struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]*Wait
}

// NewBoard is for one process: what hosts its checkouts tells, its API waits.
func NewBoard() *Board { return &Board{waiting: map[uuid.UUID]*Wait{}} }

// Wait is one request's wait for the checkout of its order.
type Wait struct {
	board   *Board
	orderID uuid.UUID
	ended   chan struct{}
	answer  Answer
}

// Await begins to wait; call it before the checkout starts. Only one may wait for an order.
func (b *Board) Await(orderID uuid.UUID) *Wait {
	if b == nil {
		return &Wait{}
	}
	w := &Wait{board: b, orderID: orderID, ended: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[orderID] = w
	return w
}

// Ended is closed once the checkout has ended; nil where that is never told.
func (w *Wait) Ended() <-chan struct{} { return w.ended }

// Answer is what was told with the end, its zero value before.
func (w *Wait) Answer() Answer {
	if w.board == nil {
		return Answer{}
	}
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	return w.answer
}

// Forget ends the wait. It must be called.
func (w *Wait) Forget() {
	if w.board == nil {
		return
	}
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	delete(w.board.waiting, w.orderID)
}

// Tell says that the order's checkout has ended and its answer is in the database. Nobody may be
// waiting, and it may be told again.
func (b *Board) Tell(orderID uuid.UUID, answer Answer) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w, awaited := b.waiting[orderID]; awaited {
		w.answer = answer
		close(w.ended)
		delete(b.waiting, orderID)
	}
}
