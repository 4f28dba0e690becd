package crash_test

import (
	"maps"
	"slices"
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
	for name, of := range scenarios {
		if steps[name] == nil && of.like != none {
			t.Errorf("there is no history %s.json", name)
		}
		for _, wanted := range of.only {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(steps[name])), func(s step) bool { return s.Name == wanted }) {
				t.Errorf("%s: the history has no step %q", name, wanted)
			}
		}
		if of.like == none && len(of.asks)+len(of.exchanges) == 0 {
			t.Errorf("%s: nobody is killed in it", name)
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

// TestSelectionHasPoints fails when a point of the short selection is none any more, or a victim is spared.
func TestSelectionHasPoints(t *testing.T) {
	t.Parallel()
	points := allPoints(t)
	killed := map[string]bool{}
	for _, brief := range briefly {
		killed[brief.victim] = true
		if !slices.ContainsFunc(points, func(p point) bool { return p.String() == brief.point }) {
			t.Errorf("there is no point %s", brief.point)
		}
	}
	for _, name := range victims {
		if !killed[name] {
			t.Errorf("nothing is tried of %s", name)
		}
	}
	t.Logf("%d points, %d crashes in all", len(points), len(points)*len(victims))
}
