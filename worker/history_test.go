package worker_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	sdk "go.temporal.io/sdk/worker"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
	"mercado/workflows"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata")

// TestHistoriesOfOrders runs an order of each kind and replays what the server has kept of it;
// with -record it keeps that for TestRecordedOrdersReplay.
func TestHistoriesOfOrders(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.PaymentTimeout(time.Second))
	away := workertest.New(t, workertest.ProviderAway())
	products := shop.NewProducts(3, 100)

	bought := func(token string, products ...int64) uuid.UUID {
		buyer := shop.NewBuyer()
		for _, product := range products {
			buyer.Put(product, 1).Want(http.StatusOK)
		}
		return apitest.Decode[order.Document](buyer.Buy(token).Want(http.StatusCreated)).ID
	}
	cancelled := func(token string, status int, code string, product, qty int64, meanwhile func()) uuid.UUID {
		buyer := shop.NewBuyer()
		buyer.Put(product, qty).Want(http.StatusOK)
		meanwhile()
		buyer.Buy(token).WantProblem(status, code)
		return apitest.Decode[orders](buyer.Get("/api/orders").Want(http.StatusOK)).Items[0].ID
	}
	one := bought("approve", products[0])
	// The carrier is asked once, when the parcel has arrived.
	untellable := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(2*time.Second))
	three := bought("approve", products...)
	deaf := workertest.New(t, workertest.PaymentTimeout(time.Second), workertest.LostPaymentWebhooks()) // must look it up
	unsure := deaf.NewBuyer()
	unsure.Put(deaf.NewProducts(1, 10)[0], 1).Want(http.StatusOK)
	lost := apitest.Decode[order.Document](unsure.Buy("timeout_then_approved").Want(http.StatusCreated)).ID
	cash := shop.NewBuyer()
	cash.Put(products[0], 1).Want(http.StatusOK)
	onDelivery := apitest.Decode[order.Document](buyBy(cash, "cash_on_delivery", uuid.NewString()).Want(http.StatusCreated)).ID
	declined := cancelled("decline", http.StatusPaymentRequired, "payment_declined", products[0], 1, func() {})
	short := cancelled("approve", http.StatusConflict, "out_of_stock", products[2], 50, func() {
		expireHolds(shop)
		shop.NewBuyer().Put(products[2], 60).Want(http.StatusOK)
	})
	// Whether the carrier tells of a parcel before it is given up is a matter of luck.
	silent := workertest.New(t, workertest.LostWebhooks())
	_, broke := buy(silent, "capture_refused", 1, silent.NewProducts(1, 10)[0])
	withdrawn := cancelPending(t, away)
	var late meanwhile
	untold := workertest.New(t, workertest.Answers(late.authorized), workertest.LostPaymentWebhooks(), workertest.WithoutWorker())
	overruled, refused := withdraw(t, untold, &late, untold.NewProducts(1, 10)[0])
	refused.WantProblem(http.StatusConflict, "cancelled_by_customer")
	patient := workertest.New(t, workertest.TransferPatience(10*time.Minute))
	_, _, paid := awaitedTransfer(t, patient)
	awaitTimer(t, patient, workflows.CheckoutID(paid.ID))
	arrive(t, patient, paid.PaymentInstructions.Reference, paid.TotalAmount)
	patient.AwaitStatus(paid.ID, order.Delivered)
	withdrawnTransfer := cancelAwaited(t, patient)
	tooLate := cancelAwaited(t, patient)
	arrive(t, patient, tooLate.PaymentInstructions.Reference, tooLate.TotalAmount)
	wantMoney(t, patient, tooLate.ID, tooLate.TotalAmount, tooLate.TotalAmount)
	hasty := workertest.New(t, workertest.TransferPatience(time.Millisecond))
	_, _, unpaid := awaitedTransfer(t, hasty)
	hasty.AwaitStatus(unpaid.ID, order.Cancelled)
	parted := workertest.New(t, workertest.PackAfter(time.Hour))
	cancelledOrder, label := cancelWithLabel(t, parted)
	inPart := cancelOneOfTwo(t, parted)
	missed := missedParcel(t, shop, products[0])
	refund := refundOne(shop, "approve", products[0])
	failed := refundOne(shop, "refund_refused", products[0])
	sale := saleBody(shop.NewBuyer().ID, "counter", "cash", products[0])
	counter := apitest.Decode[order.Document](shop.Admin().Post("/api/sales", sale, "Idempotency-Key", "counter").Want(http.StatusCreated)).ID
	_, asked := buy(untellable, "approve", 1, untellable.NewProducts(1, 10)[0])
	for _, id := range []uuid.UUID{one, three, onDelivery, counter} {
		shop.AwaitStatus(id, order.Delivered)
	}
	untellable.AwaitStatus(asked, order.Delivered)
	endpoint, about := toldOf(t, shop, products[0])
	silent.AwaitStatus(broke, order.Cancelled)
	for name, of := range map[string]struct {
		shop     *workertest.Shop
		workflow string
		running  bool
		first    bool // of its runs
	}{
		"checkout_confirmed":          {shop: shop, workflow: workflows.CheckoutID(one)},
		"checkout_looked_up":          {shop: deaf, workflow: workflows.CheckoutID(lost)},
		"checkout_declined":           {shop: shop, workflow: workflows.CheckoutID(declined)},
		"checkout_out_of_stock":       {shop: shop, workflow: workflows.CheckoutID(short)},
		"checkout_cancelled":          {shop: away, workflow: workflows.CheckoutID(withdrawn), running: true}, // its void is tried for ever
		"checkout_withdrawn":          {shop: untold, workflow: workflows.CheckoutID(overruled)},
		"checkout_instructed":         {shop: patient, workflow: workflows.CheckoutID(paid.ID), first: true},
		"checkout_transferred":        {shop: patient, workflow: workflows.CheckoutID(paid.ID)},
		"checkout_unpaid":             {shop: hasty, workflow: workflows.CheckoutID(unpaid.ID)},
		"checkout_transfer_cancelled": {shop: patient, workflow: workflows.CheckoutID(withdrawnTransfer.ID)},
		"checkout_transfer_late":      {shop: patient, workflow: workflows.CheckoutID(tooLate.ID)},
		"checkout_cash":               {shop: shop, workflow: workflows.CheckoutID(onDelivery)},
		"fulfilment_cash":             {shop: shop, workflow: workflows.FulfilmentID(onDelivery)},
		"fulfilment_one_vendor":       {shop: shop, workflow: workflows.FulfilmentID(one)},
		"fulfilment_three":            {shop: shop, workflow: workflows.FulfilmentID(three)},
		"fulfilment_refused":          {shop: silent, workflow: workflows.FulfilmentID(broke)},
		"fulfilment_cancelled":        {shop: parted, workflow: workflows.FulfilmentID(cancelledOrder)},
		"fulfilment_by_vendor":        {shop: parted, workflow: workflows.FulfilmentID(label)},
		"fulfilment_missed":           {shop: shop, workflow: workflows.FulfilmentID(missed)},
		"fulfilment_in_part":          {shop: parted, workflow: workflows.FulfilmentID(inPart)},
		"fulfilment_counter":          {shop: shop, workflow: workflows.FulfilmentID(counter)},
		"fulfilment_untold":           {shop: untellable, workflow: workflows.FulfilmentID(asked)},
		"refund_completed":            {shop: shop, workflow: workflows.RefundID(refund)},
		"refund_failed":               {shop: shop, workflow: workflows.RefundID(failed)},
		"webhook_told":                {shop: shop, workflow: workflows.WebhookID(endpoint, about)},
	} {
		run := ""
		kept := historyOf(t, of.shop, of.workflow, run, !of.running)
		if of.first {
			run = kept.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetFirstExecutionRunId()
			kept = historyOf(t, of.shop, of.workflow, run, true)
		}
		keepHistory(t, name, kept)
	}
}

// keepHistory replays a history by the code of today, sees that it tells what it waits for and nothing
// of persons, and writes it down where -record asks for that.
func keepHistory(t *testing.T, name string, kept *history.History) {
	t.Helper()
	replayer := sdk.NewWorkflowReplayer()
	for _, of := range []any{
		workflows.Checkout, workflows.Fulfilment, workflows.Refund,
		workflows.Audit, workflows.Webhooks, workflows.SweepHolds, workflows.ImportProducts,
	} {
		replayer.RegisterWorkflow(of)
	}
	if err := replayer.ReplayWorkflowHistory(nil, kept); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, event := range kept.GetEvents() {
		if event.GetTimerStartedEventAttributes() == nil {
			continue
		}
		if summary := string(event.GetUserMetadata().GetSummary().GetData()); summary == "" || strings.Contains(summary, "Await") {
			t.Errorf("%s: a timer tells nothing of itself but %q", name, summary)
		}
	}
	text := textOf(t, kept)
	if personal.MatchString(text) {
		t.Errorf("%s holds what it should not: %s", name, personal.FindString(text))
	}
	if *record {
		file := filepath.Join("..", "workflows", "testdata", name+".json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// personal is what the buyers of this test have, and no history may hold.
var personal = regexp.MustCompile(`(?i)Augusta|Lisboa|1100-048|Sousa|example\.com|timeout_then_approved|"approve"`)

// historyOf is what the server has kept of a run of a workflow, the last where run is empty, to its end
// if it ends.
func historyOf(t *testing.T, shop *workertest.Shop, id, run string, ends bool) *history.History {
	t.Helper()
	kept := &history.History{}
	events := shop.Deps.Temporal.GetWorkflowHistory(t.Context(), id, run, ends, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		kept.Events = append(kept.Events, event)
	}
	return kept
}

// machine is where a history was recorded.
var machine = regexp.MustCompile(`"(\d+@[^"]*)"`)

func textOf(t *testing.T, kept *history.History) string {
	t.Helper()
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: "  "}.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	return machine.ReplaceAllString(string(text), `"worker"`) + "\n"
}

// cancelPending has a customer cancel while the provider does not answer.
func cancelPending(t *testing.T, shop *workertest.Shop) uuid.UUID {
	t.Helper()
	buyer := shop.NewBuyer()
	buyer.Put(shop.NewProducts(1, 1)[0], 1).Want(http.StatusOK)
	placed := buyAsync(buyer, "approve")
	awaitAsked(t, shop, placed, "authorize")
	buyer.Post(orderPath(placed, "/cancel"), nil)
	shop.AwaitStatus(placed, order.Cancelled)
	awaitAsked(t, shop, placed, "void")
	return placed
}

// awaitTimer waits until the last run of a workflow has started a timer.
func awaitTimer(t *testing.T, shop *workertest.Shop, id string) {
	t.Helper()
	workertest.Await(t, "a timer of "+id, func() bool {
		return slices.ContainsFunc(historyOf(t, shop, id, "", false).GetEvents(), func(event *history.HistoryEvent) bool {
			return event.GetTimerStartedEventAttributes() != nil
		})
	})
}

// cancelWithLabel cancels an order whose label was bought, and has another packed and sent off by
// its vendor.
func cancelWithLabel(t *testing.T, shop *workertest.Shop) (cancelled, sent uuid.UUID) {
	t.Helper()
	product := shop.NewProducts(1, 10)[0]
	packed := func() (*workertest.Buyer, uuid.UUID) {
		buyer, id := buy(shop, "approve", 1, product)
		shipment := planned(t, shop, id, 1)[0]
		shop.Vendor(shipment.VendorID).Post(shipmentPath(shipment, "/pack"), nil).Want(http.StatusOK)
		workertest.Await(t, "a label", func() bool { return planned(t, shop, id, 1)[0].TrackingNumber != nil })
		return buyer, id
	}
	buyer, cancelled := packed()
	buyer.Post(orderPath(cancelled, "/cancel"), nil).Want(http.StatusOK)
	awaitVoid(t, shop, cancelled)
	_, sent = packed()
	shipment := planned(t, shop, sent, 1)[0]
	shop.Vendor(shipment.VendorID).Post(shipmentPath(shipment, "/ship"), nil).Want(http.StatusOK)
	shop.AwaitStatus(sent, order.Delivered)
	return cancelled, sent
}

// missedParcel has the carrier lose a parcel.
func missedParcel(t *testing.T, shop *workertest.Shop, product int64) uuid.UUID {
	t.Helper()
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	body := workertest.CheckoutBody("approve")
	body["shipping_address"].(map[string]any)["line1"] = "sandbox:lost"
	placed := apitest.Decode[order.Document](buyer.Post("/api/checkout", body, "Idempotency-Key", "lost").Want(http.StatusCreated))
	return shop.AwaitStatus(placed.ID, order.Cancelled).ID
}

// refundOne pays one unit back, of an order paid with a token.
func refundOne(shop *workertest.Shop, token string, product int64) uuid.UUID {
	_, id := buy(shop, token, 1, product)
	shop.AwaitStatus(id, order.Delivered)
	return apitest.Decode[order.Refund](shop.Admin().Post(orderPath(id, "/refunds"), units(product, 1), "Idempotency-Key", "refund "+token).
		Want(http.StatusCreated)).ID
}

// cancelAwaited has a customer cancel while their transfer is waited for.
func cancelAwaited(t *testing.T, shop *workertest.Shop) order.Document {
	t.Helper()
	buyer, _, awaited := awaitedTransfer(t, shop)
	awaitTimer(t, shop, workflows.CheckoutID(awaited.ID))
	buyer.Post(orderPath(awaited.ID, "/cancel"), nil)
	shop.AwaitStatus(awaited.ID, order.Cancelled)
	return awaited
}

// cancelOneOfTwo has one of two vendors cancel what is not sent yet, and the other send it off then.
func cancelOneOfTwo(t *testing.T, shop *workertest.Shop) uuid.UUID {
	t.Helper()
	_, id := buy(shop, "approve", 1, shop.NewProducts(2, 10)...)
	shipments := planned(t, shop, id, 2)
	shop.Vendor(shipments[0].VendorID).Post(shipmentPath(shipments[0], "/cancel"), map[string]any{"reason": "other"}).Want(http.StatusOK)
	shop.Vendor(shipments[1].VendorID).Post(shipmentPath(shipments[1], "/ship"), nil).Want(http.StatusOK)
	shop.AwaitStatus(id, order.Delivered)
	return id
}

// toldOf has a vendor told of what was sold, once.
func toldOf(t *testing.T, shop *workertest.Shop, product int64) (endpointID, orderID uuid.UUID) {
	t.Helper()
	told := newReceiver(t)
	made := told.register(shop.Vendor(vendorsOf(t, shop, []int64{product})[0]), "order.confirmed")
	_, id := buy(shop, "approve", 1, product)
	told.await("order.confirmed")
	return made.ID, id
}
