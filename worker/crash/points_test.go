package crash_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/api/command/v1"
	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
)

// A step is what a workflow does or is told, between whose beginning and end a process may die.
type step struct {
	Kind string `json:"kind"` // activity, local activity, timer, signal, start, end, cancellation, request, exchange
	Name string `json:"name"` // of the activity or signal, the summary of a timer, the type of the workflow, the operation
}

// Phases of a step: each is a boundary at which a crash leaves something different behind.
const (
	before   = "before"   // nothing of it has happened
	done     = "done"     // its effect has, and nobody has been told
	recorded = "recorded" // Temporal has its result, and nobody has acted on it
)

// A boundary is one phase of a step, the nth time that a workflow comes there.
type boundary struct {
	step
	Phase string `json:"phase"`
	Nth   int    `json:"nth"`
}

func (b boundary) String() string { return fmt.Sprintf("%s %s#%d %s", b.Kind, b.Name, b.Nth, b.Phase) }

// A point is a boundary in one recorded history, as a scenario does it again.
type point struct {
	History string `json:"history"` // the scenario: the file's name without .json, or whatever is like it
	boundary
}

func (p point) String() string { return p.History + ": " + p.boundary.String() }

// allPoints lists the points of steps, of requests, and of calls to provider and carrier.
func allPoints(t testing.TB) []point {
	t.Helper()
	return slices.Concat(recordedPoints(t), requestPoints(t), exchangePoints())
}

// recordedPoints lists the points of every recorded history of an order, for each scenario that is like
// it: whoever adds a step and records it has added its points.
func recordedPoints(t testing.TB) (points []point) {
	t.Helper()
	files, err := filepath.Glob("../../workflows/testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]*history.History{} // by the file's name without .json
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if strings.HasPrefix(name, "etl_") {
			continue // see the tests that kill a load
		}
		kept[name] = readHistory(t, file)
	}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		var earlier []boundary
		goesOn := kept[name].GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() != ""
		if goesOn && len(scenarios[name].after) == 0 {
			t.Fatalf("%s: say which histories are of the runs before it", name)
		}
		for _, run := range scenarios[name].after {
			if kept[run] == nil {
				t.Fatalf("before %s: there is no history %s.json", name, run)
			}
			before, err := boundariesOf(kept[run], earlier...)
			if err != nil {
				t.Fatalf("before %s: %v", name, err)
			}
			earlier = append(earlier, before...)
		}
		boundaries, err := boundariesOf(kept[name], earlier...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, scenario := range likeIt(name) {
			for _, b := range boundaries {
				if only := scenarios[scenario].only; only == nil || slices.Contains(only, b.Name) {
					points = append(points, point{scenario, b})
				}
			}
		}
	}
	return points
}

// likeIt are the scenarios that do a history again, or what is missing.
func likeIt(name string) (found []string) {
	for scenario, of := range scenarios {
		if cmp.Or(of.like, scenario) == name {
			found = append(found, scenario)
		}
	}
	if len(found) == 0 {
		return []string{name}
	}
	slices.Sort(found)
	return found
}

func readHistory(t testing.TB, file string) *history.History {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded := &history.History{}
	if err := (temporalproto.CustomJSONUnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, recorded); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return recorded
}

// boundariesOf lists the boundaries of a history in the order in which it comes to them. It fails
// on an event that it does not know: a step that is not crashed at would be forgotten.
// earlier are those of the runs before it, which are counted on from.
func boundariesOf(kept *history.History, earlier ...boundary) (found []boundary, err error) {
	seen := map[boundary]int{}
	for _, b := range earlier {
		b.Nth = 0
		seen[b]++
	}
	add := func(s step, phases ...string) {
		for _, phase := range phases {
			b := boundary{step: s, Phase: phase}
			seen[b]++
			b.Nth = seen[b]
			found = append(found, b)
		}
	}
	scheduled := map[int64]step{}
	var workflow string
	for _, event := range kept.GetEvents() {
		switch event.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			workflow = event.GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
			if !told(kept) && event.GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() == "" {
				add(step{"start", workflow}, before, done)
			}
			add(step{"start", workflow}, recorded)
		case enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
			s := step{"activity", event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName()}
			scheduled[event.GetEventId()] = s
			add(s, before)
		case enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			add(scheduled[event.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()], done, recorded)
		case enums.EVENT_TYPE_ACTIVITY_TASK_FAILED:
			add(scheduled[event.GetActivityTaskFailedEventAttributes().GetScheduledEventId()], done, recorded)
		case enums.EVENT_TYPE_MARKER_RECORDED:
			s, err := localActivity(event.GetMarkerRecordedEventAttributes().GetMarkerName(), event.GetMarkerRecordedEventAttributes().GetDetails())
			if err != nil {
				return nil, err
			}
			add(s, before, done, recorded)
		case enums.EVENT_TYPE_TIMER_STARTED:
			add(timer(event.GetUserMetadata().GetSummary()), before, done)
			scheduled[event.GetEventId()] = timer(event.GetUserMetadata().GetSummary())
		case enums.EVENT_TYPE_TIMER_FIRED:
			add(scheduled[event.GetTimerFiredEventAttributes().GetStartedEventId()], recorded)
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			add(step{"signal", event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName()}, before, done, recorded)
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
			add(step{"cancellation", workflow}, before, done, recorded)
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
			add(step{"end", workflow}, before, done)
		case enums.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, enums.EVENT_TYPE_WORKFLOW_TASK_STARTED,
			enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, enums.EVENT_TYPE_ACTIVITY_TASK_STARTED,
			enums.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED, enums.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
			enums.EVENT_TYPE_TIMER_CANCELED, enums.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED:
			// Between steps, or the end of one that has no result.
		default:
			return nil, fmt.Errorf("event %d is a %s: say where it can be crashed at", event.GetEventId(), event.GetEventType())
		}
	}
	return found, nil
}

// told reports whether a workflow was started by the signal that told it something, whose points are
// those of the start.
func told(kept *history.History) bool {
	events := kept.GetEvents()
	return len(events) > 1 && events[1].GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
}

// localActivity is the step that a marker is the result of.
func localActivity(marker string, details map[string]*common.Payloads) (step, error) {
	if marker != "LocalActivity" {
		return step{}, fmt.Errorf("a marker %s: say where it can be crashed at", marker)
	}
	var data struct{ ActivityType string }
	if payloads := details["data"].GetPayloads(); len(payloads) == 1 {
		if err := json.Unmarshal(payloads[0].GetData(), &data); err != nil {
			return step{}, fmt.Errorf("marker of a local activity: %w", err)
		}
	}
	if data.ActivityType == "" {
		return step{}, fmt.Errorf("a marker of no local activity")
	}
	return step{"local activity", data.ActivityType}, nil
}

// which is the vendor or so that a timer's summary names.
var which = regexp.MustCompile(`\d+`)

// timer is known by its summary.
func timer(summary *common.Payload) step {
	var text string
	if json.Unmarshal(summary.GetData(), &text) != nil || text == "" {
		text = "without a summary"
	}
	return step{"timer", which.ReplaceAllString(text, "N")}
}

// commanded are the steps that the completion of a workflow task records or begins.
func commanded(workflow string, commands []*command.Command) (records, begins []step) {
	for _, c := range commands {
		switch c.GetCommandType() {
		case enums.COMMAND_TYPE_RECORD_MARKER:
			if s, err := localActivity(c.GetRecordMarkerCommandAttributes().GetMarkerName(), c.GetRecordMarkerCommandAttributes().GetDetails()); err == nil {
				records = append(records, s)
			}
		case enums.COMMAND_TYPE_START_TIMER:
			begins = append(begins, timer(c.GetUserMetadata().GetSummary()))
		case enums.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION, enums.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
			begins = append(begins, step{"end", workflow})
		}
	}
	return records, begins
}
