package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"
)

// How often something that waits for maintenance, or maintenance that waits for runs, looks again: at most after as
// long as it has waited already. Temporal ends a workflow whose history is too long, at 51,200 events; a look
// adds eleven, so that one may wait for a month.
const (
	firstLook   = time.Second
	longestLook = 10 * time.Minute
)

// unheld does what begin does again and again, less and less often, until it does not name something that has
// to end first. An operator sees what that is.
func unheld(ctx workflow.Context, begin func() (waitsFor string, err error)) error {
	for pause := firstLook; ; pause = min(2*pause, longestLook) {
		waitsFor, err := begin()
		if err != nil || waitsFor == "" {
			return err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("waiting for the end of %s", waitsFor))
		if err := workflow.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}
