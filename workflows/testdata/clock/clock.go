// Package clock has a workflow as it must not be: the check of workflows is tried on it.
package clock

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// Expire decides by the clock of whichever machine runs it, and so differently in each replay.
func Expire(_ workflow.Context, limit time.Time) (bool, error) {
	return time.Now().After(limit), nil
}
