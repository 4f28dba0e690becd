package worker_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/internal/settings"
	"mercado/internal/temporal"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// timeline is what the API tells of an order.
type timeline struct {
	Status     order.Status `json:"status"`
	WaitingFor *struct {
		What, Kind, ID string
		Attempt        *int32
		LastError      *string `json:"last_error"`
		Workflow       *string
	} `json:"waiting_for"`
	Workflows []struct {
		ID, Status, Details string
		Pending             []struct{ Step string }
	}
	WorkflowsKnown bool `json:"workflows_known"`
	Items          []struct {
		At                time.Time
		Kind, Type, Title string
		Data              map[string]any
	}
	NextCursor *string `json:"next_cursor"`
}

func (l timeline) types() []string {
	var types []string
	for _, item := range l.Items {
		types = append(types, item.Type)
	}
	return types
}

func timelineOf(by *apitest.Client, id uuid.UUID) timeline {
	return apitest.Decode[timeline](by.Get("/api/orders/" + id.String() + "/timeline?limit=100").Want(http.StatusOK))
}

// TestTimelineTellsEachReaderTheirPart has two vendors deliver an order, and reads its story as
// the operator, the customer, both vendors, and as people it does not concern.
func TestTimelineTellsEachReaderTheirPart(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	category := shop.NewCategory(0)
	vendors := []int64{shop.NewVendor(), shop.NewVendor()}
	buyer := shop.NewBuyer()
	for _, vendor := range vendors {
		buyer.Put(shop.NewProduct(vendor, category, "10.00", 10), 2).Want(http.StatusOK)
	}
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
	shop.AwaitStatus(placed, order.Delivered)

	// Delivered is written down before the workflow that has done so has ended; Temporal may be slow to tell.
	var told timeline
	workertest.Await(t, "both workflows to have ended", func() bool {
		told = timelineOf(shop.Admin(), placed)
		return told.WorkflowsKnown && told.WaitingFor == nil && len(told.Workflows) == 2
	})
	types := told.types()
	for _, want := range []string{
		"order.placed", "order.reserved", "stock.reserve", "payment.authorize_asked", "payment.authorize_approved",
		"stock.commit", "order.confirmed", "shipment.planned", "shipment.packed", "payment.capture_approved",
		"shipment.shipped", "order.shipped", "shipment.delivered", "order.delivered",
	} {
		if !slices.Contains(types, want) {
			t.Errorf("the operator is not told of %s: %v", want, types)
		}
	}
	if !slices.IsSortedFunc(told.Items, func(a, b struct {
		At                time.Time
		Kind, Type, Title string
		Data              map[string]any
	}) int {
		return a.At.Compare(b.At)
	}) {
		t.Errorf("the story is not in its order: %v", types)
	}
	for _, item := range told.Items {
		if item.Title == "" || strings.Contains(item.Title, "_") || !strings.HasSuffix(item.Title, ".") {
			t.Errorf("%s is called %q", item.Type, item.Title)
		}
	}

	own := timelineOf(buyer.Client, placed)
	for _, item := range own.Items {
		if item.Kind == "stock" || item.Type == "order.reserved" || strings.HasSuffix(item.Type, "_asked") || item.Data["idempotency_key"] != nil {
			t.Errorf("the customer is told %+v", item)
		}
	}
	if len(own.Workflows) != 0 || own.WorkflowsKnown || !slices.Contains(own.types(), "payment.capture_approved") {
		t.Errorf("the customer is told %+v", own)
	}

	for i, vendor := range vendors {
		parcels := timelineOf(shop.Vendor(vendor), placed)
		for _, item := range parcels.Items {
			if of, named := item.Data["vendor_id"]; (named && of != float64(vendor)) || item.Kind == "payment" || item.Kind == "stock" ||
				(!named && len(item.Data) > 0) {
				t.Errorf("vendor %d is told %+v", i, item)
			}
		}
		if types := parcels.types(); !slices.Contains(types, "shipment.delivered") || slices.Contains(types, "order.placed") {
			t.Errorf("vendor %d is told %v", i, types)
		}
	}
	path := "/api/orders/" + placed.String() + "/timeline"
	shop.NewBuyer().Get(path).WantProblem(http.StatusNotFound, "not_found")
	shop.Vendor(shop.NewVendor()).Get(path).WantProblem(http.StatusNotFound, "not_found")
	shop.Admin().Get("/api/orders/"+uuid.NewString()+"/timeline").WantProblem(http.StatusNotFound, "not_found")

	var paged []string
	for cursor := ""; ; {
		page := apitest.Decode[timeline](shop.Admin().Get(path + "?limit=4" + cursor).Want(http.StatusOK))
		paged = append(paged, page.types()...)
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	if !slices.Equal(paged, types) {
		t.Errorf("page by page it tells %v, want %v", paged, types)
	}
}

// TestTimelineSaysWhatAnOrderWaitsFor looks while the payment provider is away.
func TestTimelineSaysWhatAnOrderWaitsFor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.ProviderAway())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := buyAsync(buyer, "approve")
	awaitAsked(t, shop, placed, "authorize")
	var told timeline
	workertest.Await(t, "the timeline to tell of a failed attempt", func() bool {
		told = timelineOf(shop.Admin(), placed)
		return told.WaitingFor != nil && told.WaitingFor.LastError != nil && told.Workflows[0].Details != ""
	})
	waiting := told.WaitingFor
	if waiting.Kind != "order" || *waiting.Attempt < 1 || !strings.HasSuffix(*waiting.Workflow, "checkout%2F"+placed.String()) ||
		!strings.Contains(waiting.What, "waiting for the payment provider") || strings.Contains(*waiting.LastError, " ") {
		t.Errorf("it waits for %+v", waiting)
	}
	if len(told.Workflows[0].Pending) != 1 || told.Workflows[0].Pending[0].Step != "Authorize" {
		t.Errorf("the workflow is %+v", told.Workflows[0])
	}
	if own := timelineOf(buyer.Client, placed).WaitingFor; own == nil || own.Workflow != nil || own.LastError != nil || own.Attempt != nil {
		t.Errorf("the customer is told it waits for %+v", own)
	}
}

// TestTimelineAnswersWithoutTemporal asks an API that cannot reach it.
func TestTimelineAnswersWithoutTemporal(t *testing.T) {
	t.Parallel()
	away, err := temporal.NewLazy(settings.Temporal{Address: "127.0.0.1:1", Namespace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(away.Close)
	shop := apitest.New(t, func(deps *api.Deps) { deps.Temporal = away })
	id := uuid.New()
	for _, statement := range []string{
		`insert into ordering.orders (id, customer_id, payment_method, subtotal, total_amount) values ('%s', 1, 'card', 1, 1)`,
		`insert into ordering.payments (id, order_id, provider, method, amount, currency) values (gen_random_uuid(), '%s', 'sandbox', 'card', 1, 'EUR')`,
		`insert into ordering.order_events (order_id, type) values ('%s', 'order.placed')`,
	} {
		if _, err := shop.Deps.DB.Pool.Exec(t.Context(), fmt.Sprintf(statement, id)); err != nil {
			t.Fatal(err)
		}
	}
	told := timelineOf(shop.Admin(), id)
	if told.WorkflowsKnown || len(told.Items) != 1 || told.WaitingFor == nil || told.WaitingFor.What != "its checkout" {
		t.Errorf("it tells %+v", told)
	}
}

// TestStuckOrderIsListedAndTakenUpAgain loses the fulfilment of an order, and has an operator find
// and resume it.
func TestStuckOrderIsListedAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	placed := buyOne(shop)
	shipped := shop.AwaitStatus(placed, order.Shipped)
	type list struct {
		Items []struct {
			Kind    string
			OrderID uuid.UUID `json:"order_id"`
			Waits   string    `json:"waits_for"`
			Links   struct{ Resume, Workflow string }
		}
	}
	stuck := func() list { return apitest.Decode[list](shop.Admin().Get("/api/admin/stuck").Want(http.StatusOK)) }
	if found := stuck(); len(found.Items) != 0 {
		t.Errorf("stuck before its time: %+v", found)
	}
	shop.Exec("update ordering.shipments set packed_at = packed_at - interval '60 days', shipped_at = shipped_at - interval '60 days'")
	found := stuck()
	if len(found.Items) != 1 || found.Items[0].Kind != "delivery" || found.Items[0].OrderID != placed ||
		!strings.HasSuffix(found.Items[0].Links.Workflow, "fulfilment%2F"+placed.String()) {
		t.Fatalf("stuck: %+v", found)
	}
	type answer struct{ Workflows []struct{ ID, Action string } }
	resume := func() answer {
		return apitest.Decode[answer](shop.Admin().Post(found.Items[0].Links.Resume, nil).Want(http.StatusOK))
	}
	if done := resume(); len(done.Workflows) != 1 || done.Workflows[0].Action != "running" {
		t.Errorf("resuming what runs: %+v", done)
	}
	terminate(t, shop, workflows.FulfilmentID(placed))
	if done := resume(); len(done.Workflows) != 1 || done.Workflows[0].Action != "started" || done.Workflows[0].ID != workflows.FulfilmentID(placed) {
		t.Errorf("resuming what was ended by force: %+v", done)
	}
	tell(shop, shop.Deps.Shop.WebhookSecret, time.Now(), deliveredNow(shipped)).Want(http.StatusNoContent)
	wantDeliveredOnce(t, shop, placed)
	workertest.Await(t, "its workflow to end", func() bool { return timelineOf(shop.Admin(), placed).WaitingFor == nil })
	shop.Admin().Post(found.Items[0].Links.Resume, nil).WantProblem(http.StatusConflict, "nothing_to_resume")
	shop.Admin().Post("/api/admin/stuck/"+uuid.NewString()+"/resume", nil).WantProblem(http.StatusNotFound, "not_found")
}

// TestFailedStepIsTriedAtOnceWhenAskedFor has a step wait for its next attempt.
func TestFailedStepIsTriedAtOnceWhenAskedFor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.ProviderAway())
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	placed := buyAsync(buyer, "approve")
	awaitAsked(t, shop, placed, "authorize")
	workertest.Await(t, "the step to be tried at once", func() bool {
		answer := apitest.Decode[struct{ Workflows []struct{ Action string } }](
			shop.Admin().Post("/api/admin/stuck/"+placed.String()+"/resume", nil).Want(http.StatusOK))
		return len(answer.Workflows) == 1 && answer.Workflows[0].Action == "retried"
	})
}

// TestStuckRefundIsListedAndTakenUpAgain asks for a refund while its provider cannot be asked.
func TestStuckRefundIsListedAndTakenUpAgain(t *testing.T) {
	t.Parallel()
	shop, _, product, delivered := arrived(t, "approve", 1)
	id := delivered.ID
	shop.Exec("update ordering.payments set provider = 'away' where order_id = $1", id)
	refund := apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "key").Want(http.StatusCreated))
	workertest.Await(t, "the timeline to tell of the refund's workflow", func() bool {
		told := timelineOf(shop.Admin(), id)
		return told.WaitingFor != nil && told.WaitingFor.Kind == "refund" && told.WaitingFor.Workflow != nil &&
			strings.HasSuffix(*told.WaitingFor.Workflow, "refund%2F"+refund.ID.String()) && told.WaitingFor.LastError != nil
	})
	shop.Exec("alter table ordering.refunds disable trigger refunds_day")
	shop.Exec("update ordering.refunds set created_at = created_at - interval '2 hours'")
	type list struct {
		Items []struct {
			Kind, ID string
			Links    struct{ Resume, Workflow string }
		}
	}
	found := apitest.Decode[list](shop.Admin().Get("/api/admin/stuck").Want(http.StatusOK)).Items
	if len(found) != 1 || found[0].Kind != "refund" || found[0].ID != refund.ID.String() ||
		!strings.HasSuffix(found[0].Links.Workflow, "refund%2F"+refund.ID.String()) {
		t.Fatalf("stuck: %+v", found)
	}
	type answer struct{ Workflows []struct{ ID, Action string } }
	done := apitest.Decode[answer](shop.Admin().Post(found[0].Links.Resume, nil).Want(http.StatusOK))
	if len(done.Workflows) != 1 || done.Workflows[0].ID != workflows.RefundID(refund.ID) {
		t.Errorf("resuming a refund: %+v", done)
	}
	shop.Exec("update ordering.payments set provider = 'sandbox' where order_id = $1", id)
	workertest.Await(t, "the refund to be paid", func() bool { return shop.Charges(id).Refunded == refund.Amount })
	workertest.Await(t, "nothing to be waited for", func() bool { return timelineOf(shop.Admin(), id).WaitingFor == nil })
	shop.Admin().Post(found[0].Links.Resume, nil).WantProblem(http.StatusConflict, "nothing_to_resume")
}
