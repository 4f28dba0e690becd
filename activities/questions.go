package activities

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store"
)

// questions are those that a step of this process has written down and handed to its next one. They
// hold tokens, which a history must not. Whoever does not find one here knows only that it was written
// down, and asks the provider about it first: a round trip more.
type questions struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]written // by order
}

type written struct {
	store.Question

	at time.Time
}

const (
	// freshly is how long nobody else may have put a question: no longer than a workflow task lasts,
	// after which its steps are another process's.
	freshly = 1500 * time.Millisecond
	// mostQuestions is far more than a process has in hand at a time. Those that nobody has taken are
	// forgotten with the others when there are so many.
	mostQuestions = 1000
)

// put keeps what a step has written down for an order; nil: nothing, so that nobody finds an older one.
func (q *questions) put(orderID uuid.UUID, question *store.Question) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if question == nil {
		delete(q.waiting, orderID)
		return
	}
	if q.waiting == nil || len(q.waiting) >= mostQuestions {
		q.waiting = map[uuid.UUID]written{}
	}
	q.waiting[orderID] = written{*question, time.Now()}
}

// take gives a question that was written down just now to the first who asks for it.
func (q *questions) take(orderID uuid.UUID) (question store.Question, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	found, fresh := q.waiting[orderID]
	delete(q.waiting, orderID)
	return found.Question, fresh && time.Since(found.at) < freshly
}
