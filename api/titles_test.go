package api

import (
	"testing"

	"mercado/internal/order"
)

// TestEveryEventHasATitle looks every type of event up among the titles of the timeline.
func TestEveryEventHasATitle(t *testing.T) {
	t.Parallel()
	for _, event := range order.EventTypes {
		if titles[event] == "" {
			t.Errorf("%s has no title in a timeline", event)
		}
	}
}
