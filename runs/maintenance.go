package runs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mercado/internal/store"
)

// LostMaintenance is maintenance that nothing carries out any more: its workflow was terminated, has failed, or is
// unknown to Temporal.
type LostMaintenance struct {
	store.MaintenanceUnderWay
	Why string // one line
}

// LostMaintenance looks for maintenance whose workflow was closed that long ago at least.
func (r *Runs) LostMaintenance(ctx context.Context, ago time.Duration) ([]LostMaintenance, error) {
	underWay, err := r.shop.MaintenanceUnderWay(ctx)
	if err != nil {
		return nil, err
	}
	var lost []LostMaintenance
	for _, m := range underWay {
		found, err := r.lookAt(ctx, m.WorkflowID, "")
		if err != nil {
			return nil, err
		}
		if found.closed(ago) {
			lost = append(lost, LostMaintenance{m, found.why})
		}
	}
	return lost, nil
}

// GiveUp ends maintenance that was lost, so that what waits for it goes on. Half an erasure is not ended, because loads
// would read files of before and after it: held is true, and how it goes on is on record. known is false when
// somebody has gone on with it, or ended it, meanwhile.
func (r *Runs) GiveUp(ctx context.Context, m LostMaintenance) (known, held bool, err error) {
	if m.Stopped != nil { // recorded before, and nobody has gone on with it
		return true, true, nil
	}
	return r.shop.GiveUpMaintenance(ctx, m.MaintenanceUnderWay, m.Why, m.Half())
}

// Half says of an erasure half of which is done why it does not go on, and what to do.
func (m LostMaintenance) Half() string {
	return fmt.Sprintf("%s when the customer was half erased: loads wait until it was asked for again, then it goes on (`mercado erase --customer %s`)",
		m.Why, strings.TrimPrefix(m.Subject, "customer "))
}
