package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"
)

// How often something that waits for maintenance, or maintenance that waits for runs, looks again.
const (
	firstLook   = time.Second
	longestLook = 30 * time.Second
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
