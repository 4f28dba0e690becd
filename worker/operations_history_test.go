package worker_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"mercado/api/apitest"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// TestHistoriesOfOperations has an audit, webhooks, a sweep of holds and an import made. See
// TestHistoriesOfOrders.
func TestHistoriesOfOperations(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	vendor := shop.NewVendor()
	to := newReceiver(t)
	to.refuse = 1
	endpoint := to.register(shop.Admin())
	placed := buyOne(shop)
	to.await("order.delivered")

	shop.NewBuyer().Put(product, 3).Want(http.StatusOK)
	expireHolds(shop)
	swept, err := shop.Deps.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: shop.World.Temporal.TaskQueuePrefix + "sweep", TaskQueue: shop.World.Temporal.TaskQueuePrefix + workflows.OperationsQueue,
	}, workflows.SweepHolds)
	if err != nil {
		t.Fatal(err)
	}
	var released int64
	if err := swept.Get(t.Context(), &released); err != nil || released != 1 {
		t.Errorf("released %d, %v", released, err)
	}

	imported := importFile(t, shop.Vendor(vendor), "?dry_run=true", "sku,item_name,category_id,price,cost\nA,Lamp,1,10.00,4.00\n")
	asked := askForAudit(t, shop, "?provider=true")
	schedule := shop.Deps.Temporal.ScheduleClient().GetHandle(t.Context(), shop.World.Temporal.TaskQueuePrefix+"audit")
	workertest.Await(t, "the schedule to come due", func() bool {
		return schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}) == nil
	})
	var scheduled auditRun
	workertest.Await(t, "the scheduled audit", func() bool {
		listed := apitest.Decode[struct{ Items []auditRun }](shop.Admin().Get("/api/admin/audit").Want(http.StatusOK)).Items
		at := slices.IndexFunc(listed, func(run auditRun) bool { return run.Trigger == "schedule" })
		if at >= 0 {
			scheduled = listed[at]
		}
		return at >= 0
	})

	for name, workflow := range map[string]string{
		"audit_asked":     workflows.AuditID(asked.ID),
		"audit_scheduled": workflowOf(t, scheduled.Links.Workflow),
		"webhooks":        workflows.WebhookID(endpoint.ID, placed),
		"sweep_holds":     swept.GetID(),
		"import_dry":      workflows.ImportID(uuid.MustParse(imported.ID)),
	} {
		keepHistory(t, "operations/"+name, historyOf(t, shop, workflow, "", true))
	}
}

// workflowOf is the id of the workflow that a link leads to.
func workflowOf(t *testing.T, link string) string {
	t.Helper()
	id, err := url.PathUnescape(link[strings.LastIndex(link, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return id
}
