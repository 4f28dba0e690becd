package activities

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store"
)

func TestQuestionsAreHandedOverOnceAndSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q questions
		order := uuid.New()
		question := store.Question{Key: "authorize/1"}
		handsOver := func(what string, want bool) {
			t.Helper()
			if got, fresh := q.take(order); fresh != want || fresh && got != question {
				t.Errorf("%s: %+v, %t", what, got, fresh)
			}
		}
		handsOver("before it is written down", false)
		q.put(order, &question)
		handsOver("the first time", true)
		handsOver("the second time", false)

		q.put(order, &question)
		q.put(order, nil)
		handsOver("when it was written down by somebody else", false)

		q.put(order, &question)
		time.Sleep(freshly) //nolint:forbidigo // by a virtual clock
		handsOver("when somebody else may have asked", false)

		for range mostQuestions + 1 {
			q.put(uuid.New(), &question)
		}
		if kept := len(q.waiting); kept > mostQuestions {
			t.Errorf("it keeps %d", kept)
		}
	})
}
