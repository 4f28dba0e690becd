package crash_test

import (
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
)

// TestEveryRecordedStepHasPoints fails when a history is recorded that the matrix cannot do again,
// and counts that no step is left out.
func TestEveryRecordedStepHasPoints(t *testing.T) {
	t.Parallel()
	steps := map[string]map[step]map[string]bool{}
	for _, p := range recordedPoints(t) {
		if _, known := scenarios[p.History]; !known {
			t.Fatalf("no scenario does again what %s.json is of: add one", p.History)
		}
		if steps[p.History] == nil {
			steps[p.History] = map[step]map[string]bool{}
		}
		if steps[p.History][p.step] == nil {
			steps[p.History][p.step] = map[string]bool{}
		}
		steps[p.History][p.step][p.Phase] = true
	}
	for name := range scenarios {
		if steps[name] == nil {
			t.Errorf("there is no history %s.json", name)
		}
	}
	for name, of := range steps {
		for s, phases := range of {
			if s.Kind == "local activity" && len(phases) != 3 {
				t.Errorf("%s: %v has only %v", name, s, phases)
			}
		}
	}
}

// TestUnknownStepIsNotForgotten has a workflow learn something that no crash was thought of for.
func TestUnknownStepIsNotForgotten(t *testing.T) {
	t.Parallel()
	for _, unknown := range []*history.HistoryEvent{
		{EventType: enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED},
		{EventType: enums.EVENT_TYPE_MARKER_RECORDED, Attributes: &history.HistoryEvent_MarkerRecordedEventAttributes{
			MarkerRecordedEventAttributes: &history.MarkerRecordedEventAttributes{MarkerName: "SideEffect"},
		}},
	} {
		if points, err := boundariesOf(&history.History{Events: []*history.HistoryEvent{unknown}}); err == nil {
			t.Errorf("%s has the points %v", unknown.GetEventType(), points)
		}
	}
}
