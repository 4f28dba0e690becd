// Package completion tells a request that its checkout has ended, when both are in one process:
// sooner than Temporal would, and without a question to it. It is a short cut and no promise: what
// ends in another process is heard of through Temporal.
package completion

import (
	"sync"

	"github.com/google/uuid"
)

// Board is where requests wait. The nil *Board is one on which nothing is ever told.
type Board struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]chan struct{}
}

// NewBoard is for one process: what hosts its checkouts tells, its API waits.
func NewBoard() *Board { return &Board{waiting: map[uuid.UUID]chan struct{}{}} }

// Await returns a channel that is closed once the order's checkout has ended; call it before the
// checkout starts. Only one may wait for an order. forget must be called when nobody waits any more.
func (b *Board) Await(orderID uuid.UUID) (ended <-chan struct{}, forget func()) {
	if b == nil {
		return nil, func() {}
	}
	told := make(chan struct{})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[orderID] = told
	return told, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.waiting, orderID)
	}
}

// Tell says that the order's checkout has ended and its answer is in the database. Nobody may be
// waiting, and it may be told again.
func (b *Board) Tell(orderID uuid.UUID) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if told, awaited := b.waiting[orderID]; awaited {
		close(told)
		delete(b.waiting, orderID)
	}
}
