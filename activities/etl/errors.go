package etl

import (
	"errors"
	"strings"

	"go.temporal.io/sdk/temporal"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
	"mercado/internal/warehouse"
)

// BadRequest tells of a step that cannot be done as asked.
type BadRequest struct{ Problem string }

func (e *BadRequest) Error() string { return e.Problem }

// BadRequestError is the name of the error of a step that cannot be done as asked.
const BadRequestError = "BadRequest"

// StaleError is the name of the error of a publish whose history no longer stands.
const StaleError = "StaleError"

// kind is a kind of errors that ends a step, by the name Temporal shows.
type kind struct {
	name string
	is   func(error) bool
}

// final are the errors that trying again does not mend.
var final = []kind{
	{"ObjectError", is[*lake.ObjectError]},                // an object is missing, corrupt or refused
	{"ContractError", is[*extract.ContractError]},         // the shop's schema is not what the lake was built for
	{"CheckError", is[*model.CheckError]},                 // a table fails its checks
	{"ReconcileError", is[*warehouse.ReconcileError]},     // something was lost between two zones
	{"RefusedError", is[*warehouse.RefusedError]},         // the warehouse does not take a row
	{StaleError, is[*warehouse.StaleError]},               // the history that was read no longer stands: the workflow makes it anew
	{"RollbackError", is[*warehouse.RollbackError]},       // what is to be undone is not the latest
	{"StrangeWarehouseError", is[*StrangeWarehouseError]}, // it is not the one that runs were published to
	{BadRequestError, is[*BadRequest]},
}

// memory is final to a run, which can be replayed. It is not to an erasure, which cannot end in the middle: that is tried until
// a worker has more of it.
var memory = kind{"MemoryError", is[*model.MemoryError]} // a table does not fit into MERCADO_LAKE_MEMORY

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// lostObject is the object that is to blame for err because it is missing or damaged, nil when none is.
func lostObject(err error) *lake.ObjectError {
	var object *lake.ObjectError
	if errors.As(err, &object) && object.Lost() {
		return object
	}
	return nil
}

// classify turns the error of a step into what its workflow decides on. Those of a run's own steps go through
// classifyOfRun.
func classify(err error) error {
	for _, kind := range final {
		if kind.is(err) {
			return kind.ends(err)
		}
	}
	return err
}

func classifyOfRun(err error) error {
	if memory.is(err) {
		return memory.ends(err)
	}
	return classify(err)
}

func (k kind) ends(err error) error {
	return temporal.NewNonRetryableApplicationError(OneLine(err.Error()), k.name, nil)
}

// OneLine puts the lines of a text after each other: drivers and joined errors write several.
func OneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
