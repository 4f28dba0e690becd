package crash_test

import (
	"cmp"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"mercado/internal/settings"
	"mercado/worker"
)

// notOfOrders are the workflows, the groups of activities and the activities of the queues that work on
// orders which no order comes to, and why.
var notOfOrders = map[string]string{
	"Audit":              "reads the books of the whole shop",
	"activities.Audit":   "of Audit",
	"SweepHolds":         "gives back what carts have kept too long, which no order has",
	"activities.Stock":   "of SweepHolds",
	"ImportProducts":     "fills the catalogue",
	"ForgetImports":      "empties what imports have left",
	"activities.Imports": "of ImportProducts and ForgetImports",
	"GiveUpWebhook":      "follows a day of refusals",
}

// registry notes what is registered, and the group of each activity.
type registry struct{ groups map[string]string }

// RegisterWorkflow implements worker.Registry.
func (r *registry) RegisterWorkflow(of any) {
	name := runtime.FuncForPC(reflect.ValueOf(of).Pointer()).Name()
	r.groups[name[strings.LastIndex(name, ".")+1:]] = ""
}

// RegisterActivity implements worker.Registry.
func (r *registry) RegisterActivity(of any) {
	group := reflect.TypeOf(of)
	for i := range group.NumMethod() {
		r.groups[group.Method(i).Name] = group.Elem().String()
	}
}

// RegisterWorkflowWithOptions implements worker.Registry.
func (r *registry) RegisterWorkflowWithOptions(of any, _ workflow.RegisterOptions) {
	r.RegisterWorkflow(of)
}

// RegisterActivityWithOptions implements worker.Registry.
func (r *registry) RegisterActivityWithOptions(of any, _ activity.RegisterOptions) {
	r.RegisterActivity(of)
}

// RegisterDynamicWorkflow implements worker.Registry.
func (*registry) RegisterDynamicWorkflow(any, workflow.DynamicRegisterOptions) {
	panic("its steps have no names")
}

// RegisterDynamicActivity implements worker.Registry.
func (*registry) RegisterDynamicActivity(any, activity.DynamicRegisterOptions) {
	panic("its steps have no names")
}

// RegisterNexusService implements worker.Registry.
func (*registry) RegisterNexusService(*nexus.Service) { panic("its steps have no names") }

// TestEverythingRegisteredIsRecorded fails when a worker learns a workflow or an activity that no recorded
// history comes to, so that nobody is killed at it, and nobody has said why.
func TestEverythingRegisteredIsRecorded(t *testing.T) {
	t.Parallel()
	registered := &registry{groups: map[string]string{}}
	for _, queue := range []worker.Queue{worker.Orders(nil, settings.Shop{}, nil), worker.Operations(worker.Config{}, nil)} {
		queue.Register(registered)
	}
	recorded := map[string]bool{}
	for _, p := range recordedPoints(t) {
		recorded[p.Name] = true
	}
	listed := map[string]bool{}
	for name, group := range registered.groups {
		why := cmp.Or(notOfOrders[name], notOfOrders[group])
		listed[name], listed[group] = true, true
		switch {
		case recorded[name] && why != "":
			t.Errorf("%s is recorded: it is of orders", name)
		case !recorded[name] && why == "":
			t.Errorf("no recorded history comes to %s", name)
		}
	}
	for name := range notOfOrders {
		if !listed[name] {
			t.Errorf("nobody registers %s", name)
		}
	}
}
