package completion_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/completion"
)

func TestBoardTellsWhoWaits(t *testing.T) {
	t.Parallel()
	board := completion.NewBoard()
	mine, others := uuid.New(), uuid.New()
	wait := board.Await(mine)
	defer wait.Forget()
	board.Tell(others, completion.Answer{Status: 402})
	select {
	case <-wait.Ended():
		t.Fatal("told of another's order")
	default:
	}
	if early := wait.Answer(); early.Status != 0 {
		t.Errorf("answered %d before the end", early.Status)
	}
	board.Tell(mine, completion.Answer{Status: 201, Body: json.RawMessage(`{}`)})
	<-wait.Ended()
	board.Tell(mine, completion.Answer{}) // an activity may run twice
	if told := wait.Answer(); told.Status != 201 || string(told.Body) != "{}" {
		t.Errorf("answered %d %s, want 201 {}", told.Status, told.Body)
	}
}

func TestBoardForgets(t *testing.T) {
	t.Parallel()
	board := completion.NewBoard()
	order := uuid.New()
	wait := board.Await(order)
	wait.Forget()
	board.Tell(order, completion.Answer{})
	select {
	case <-wait.Ended():
		t.Fatal("told after it was forgotten")
	default:
	}
}

func TestNoBoardTellsNothing(t *testing.T) {
	t.Parallel()
	var none *completion.Board
	wait := none.Await(uuid.New())
	none.Tell(uuid.New(), completion.Answer{Status: 201})
	wait.Forget()
	if wait.Ended() != nil || wait.Answer().Status != 0 {
		t.Error("something is told by a board that is not there")
	}
}
