package activities

import (
	"sync"

	"github.com/google/uuid"

	"mercado/internal/store"
)

// questions are those that a step of this process has written down and handed to its next one. They
// hold tokens, which a history must not. Whoever does not find one here knows only that it was written
// down, and asks the provider about it first: nothing is lost with them but a round trip.
type questions struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]store.Question // by order
}

// mostQuestions is far more than a process has in hand at a time. Those that nobody has taken, for
// their checkout went on elsewhere, are forgotten with the others when there are so many.
const mostQuestions = 10_000

func (q *questions) put(orderID uuid.UUID, question *store.Question) {
	if question == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == nil || len(q.waiting) >= mostQuestions {
		q.waiting = map[uuid.UUID]store.Question{}
	}
	q.waiting[orderID] = *question
}

// take gives a question to the first who asks for it.
func (q *questions) take(orderID uuid.UUID) (question store.Question, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	question, fresh = q.waiting[orderID]
	delete(q.waiting, orderID)
	return question, fresh
}
