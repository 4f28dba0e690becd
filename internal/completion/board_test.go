package completion_test

import (
	"testing"

	"github.com/google/uuid"

	"mercado/internal/completion"
)

func TestBoardTellsWhoWaits(t *testing.T) {
	t.Parallel()
	board := completion.NewBoard()
	mine, others := uuid.New(), uuid.New()
	ended, forget := board.Await(mine)
	defer forget()
	board.Tell(others)
	select {
	case <-ended:
		t.Fatal("told of another's order")
	default:
	}
	board.Tell(mine)
	<-ended
	board.Tell(mine) // an activity may run twice
}

func TestBoardForgets(t *testing.T) {
	t.Parallel()
	board := completion.NewBoard()
	order := uuid.New()
	ended, forget := board.Await(order)
	forget()
	board.Tell(order)
	select {
	case <-ended:
		t.Fatal("told after it was forgotten")
	default:
	}
}

func TestNoBoardTellsNothing(t *testing.T) {
	t.Parallel()
	var none *completion.Board
	ended, forget := none.Await(uuid.New())
	forget()
	none.Tell(uuid.New())
	if ended != nil {
		t.Error("a channel of a board that is not there")
	}
}
