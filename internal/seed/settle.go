package seed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store/shopdb"
)

// provider is written on payments of the past: no adapter has this name, so nobody asks the
// sandbox about charges it never saw.
const provider = "history"

// settlement is one order on its way into rows.
type settlement struct {
	*history
	rnd   *rand.Rand
	sale  sale
	bill  bill
	fate  fate
	times timeline

	order     shopdb.SeedOrdersParams
	items     []shopdb.SeedOrderItemsParams
	payment   shopdb.SeedPaymentsParams
	parcels   []shopdb.SeedShipmentsParams
	reference string // the order's id as text
}

// settleSales turns every sale into an order in its final state, with all that led there.
func (h *history) settleSales(rnd *rand.Rand) {
	h.moves = make([][]move, len(h.goods))
	for _, s := range h.sales {
		end, times := h.schedule(s, rnd)
		settled := settlement{history: h, rnd: rnd, sale: s, bill: h.billFor(s), fate: end, times: times}
		settled.open()
		settled.reserve()
		settled.pay()
		settled.ship()
		settled.refund()
		settled.close()
	}
}

// open makes the order and its lines as they were placed.
func (s *settlement) open() {
	id := newID(s.times.placed, s.rnd)
	s.reference = id.String()
	who := s.shoppers[s.sale.shopper]
	address := []byte("{}")
	var estimated *time.Time
	if s.sale.channel != "counter" {
		address, _ = json.Marshal(map[string]string{ // strings only
			"line1": who.line1, "city": who.city, "country": who.land.code, "postal_code": who.postcode,
		})
		by := s.times.placed.Add(who.land.transit + 3*day).Truncate(day).Add(18 * time.Hour)
		estimated = &by
	}
	s.order = shopdb.SeedOrdersParams{
		ID: id, CustomerID: int64(s.sale.shopper + 1), Channel: s.sale.channel,
		OrderDate: s.times.placed, PaymentMethod: s.sale.method,
		Subtotal: s.bill.subtotal, TaxAmount: s.bill.tax, ShippingCost: s.bill.shipping,
		DiscountAmount: s.bill.discount, TotalAmount: s.bill.total, Currency: currency,
		ShippingAddress: address, EstimatedDelivery: estimated,
		CreatedAt: s.times.placed, UpdatedAt: s.times.last(),
	}
	if s.sale.code != nil {
		s.order.DiscountCode = &s.sale.code.code
	}
	for i, line := range s.sale.lines {
		money := s.bill.lines[i]
		s.items = append(s.items, shopdb.SeedOrderItemsParams{
			ID: int64(len(s.rows.orderItems) + i + 1), OrderID: id, LineNo: int32(i + 1),
			ItemID: int64(line.product + 1), VendorID: s.goods[line.product].vendor, Qty: line.qty,
			UnitPrice: money.unitPrice, UnitCost: money.unitCost, DiscountPercent: money.discountPercent,
			DiscountAmount: money.discount, TotalPrice: money.total,
			CreatedAt: s.times.placed, UpdatedAt: s.times.last(),
		})
	}
	s.tell("order.placed", s.times.placed, map[string]any{"total_amount": json.Number(s.bill.total.String())})
}

// reserve books the stock as a checkout does: what a cart held becomes the order's, is sold when
// the order is confirmed, and goes back to the shelf when the order is cancelled.
func (s *settlement) reserve() {
	held := s.times.placed.Add(-between(s.rnd, 30*time.Second, 10*time.Minute))
	if s.sale.channel == "web" {
		cart := s.cart()
		s.order.CartID = &cart
	}
	for i := range s.items {
		item := &s.items[i]
		if s.order.CartID != nil {
			s.book(item.ItemID, move{held, "reserve", item.Qty, "cart", s.order.CartID.String(), ""})
			s.book(item.ItemID, move{s.times.placed, "release", item.Qty, "cart", s.order.CartID.String(), ""})
		}
		s.book(item.ItemID, move{s.times.placed, "reserve", item.Qty, "order", s.reference, ""})
		switch s.fate {
		case declined, unpaid:
			s.book(item.ItemID, move{s.times.cancelled, "release", item.Qty, "order", s.reference, *s.cancelReason()})
			continue
		case cancelled:
			s.book(item.ItemID, move{s.times.cancelled, "return", item.Qty, "order", s.reference, *s.cancelReason()})
			item.ReturnedQty = item.Qty
		}
		s.book(item.ItemID, move{s.times.confirmed, "commit", item.Qty, "order", s.reference, ""})
		item.CommittedQty = item.Qty
	}
	s.tell("order.reserved", s.times.placed, nil)
}

// cart writes down the cart a web order was made of.
func (s *settlement) cart() uuid.UUID {
	begun := s.times.placed.Add(-between(s.rnd, 10*time.Minute, 50*time.Minute))
	cart := shopdb.SeedCartsParams{
		ID: newID(begun, s.rnd), CustomerID: s.order.CustomerID, Status: "checked_out", Currency: currency,
		CreatedAt: begun, UpdatedAt: s.times.placed, CheckedOutAt: &s.times.placed,
	}
	if s.fate == declined || s.fate == unpaid {
		cart.Status, cart.CheckedOutAt = "abandoned", nil
	}
	s.rows.carts = append(s.rows.carts, cart)
	for _, item := range s.items {
		s.rows.cartItems = append(s.rows.cartItems, shopdb.SeedCartItemsParams{
			CartID: cart.ID, ItemID: item.ItemID, VendorID: item.VendorID, Qty: item.Qty,
			UnitPrice: item.UnitPrice, AddedAt: begun, UpdatedAt: begun,
		})
	}
	return cart.ID
}

// ship makes one parcel a vendor. What a parcel captures is its part of the whole order's total.
func (s *settlement) ship() {
	if s.times.confirmed.IsZero() {
		return
	}
	var vendors []int64
	var worth []money.Amount
	for _, item := range s.items {
		at := -1
		for i, vendor := range vendors {
			if vendor == item.VendorID {
				at = i
			}
		}
		if at < 0 {
			at = len(vendors)
			vendors, worth = append(vendors, item.VendorID), append(worth, 0)
		}
		worth[at] += item.TotalPrice
	}
	for i, amount := range order.Share(s.bill.total, worth) {
		s.parcels = append(s.parcels, s.parcel(vendors[i], amount))
	}
	if s.times.shipped.IsZero() {
		return
	}
	s.tell("order.shipped", s.times.shipped, nil)
	s.tell("order.delivered", s.times.delivered, nil)
}

func (s *settlement) parcel(vendor int64, amount money.Amount) shopdb.SeedShipmentsParams {
	parcel := shopdb.SeedShipmentsParams{
		ID: newID(s.times.confirmed, s.rnd), OrderID: s.order.ID, VendorID: vendor, Status: "delivered",
		Amount: amount, Currency: currency, CreatedAt: s.times.confirmed, UpdatedAt: s.times.confirmed,
	}
	if s.times.shipped.IsZero() {
		parcel.Status, parcel.UpdatedAt = "cancelled", s.times.cancelled
	} else {
		parcel.PackedAt, parcel.ShippedAt, parcel.DeliveredAt = &s.times.packed, &s.times.shipped, &s.times.delivered
		parcel.UpdatedAt = s.times.delivered
		if s.sale.channel != "counter" {
			carrier := "sandbox"
			tracking := fmt.Sprintf("HIST%010d", len(s.rows.shipments)+1)
			parcel.Carrier, parcel.TrackingNumber = &carrier, &tracking
		}
		if s.sale.method == "card" || s.sale.method == "wallet" {
			s.capture("/"+parcel.ID.String(), amount, s.times.shipped)
		}
		s.tell("shipment.packed", s.times.packed, map[string]any{"shipment_id": parcel.ID, "vendor_id": vendor})
		s.tell("shipment.shipped", s.times.shipped, map[string]any{"shipment_id": parcel.ID, "vendor_id": vendor})
		s.tell("shipment.delivered", s.times.delivered, map[string]any{"shipment_id": parcel.ID, "vendor_id": vendor})
	}
	s.rows.shipments = append(s.rows.shipments, parcel)
	for _, item := range s.items {
		if item.VendorID == vendor {
			s.rows.shipmentItems = append(s.rows.shipmentItems, shopdb.SeedShipmentItemsParams{
				ShipmentID: parcel.ID, OrderItemID: item.ID, Qty: item.Qty,
			})
		}
	}
	return parcel
}

// close writes the order down as it ended.
func (s *settlement) close() {
	s.order.Status = "delivered"
	switch s.fate {
	case declined, unpaid, cancelled:
		s.order.Status, s.order.CancelReason = "cancelled", s.cancelReason()
		s.tell("order.cancelled", s.times.cancelled, map[string]any{"reason": *s.order.CancelReason})
	case returnedWhole:
		s.order.Status = "returned"
		s.tell("order.returned", s.times.refunded, nil)
	}
	s.order.ConfirmedAt = present(s.times.confirmed)
	s.order.ShippedAt = present(s.times.shipped)
	s.order.ActualDelivery = present(s.times.delivered)
	s.rows.orders = append(s.rows.orders, s.order)
	s.rows.orderItems = append(s.rows.orderItems, s.items...)
	s.rows.payments = append(s.rows.payments, s.payment)
}

// cancelReason is decided once, when it is first asked for.
func (s *settlement) cancelReason() *string {
	if s.order.CancelReason == nil {
		reason := map[fate]string{declined: string(order.PaymentDeclined), unpaid: reasonUnpaid}[s.fate]
		if reason == "" {
			reason = pickShare(s.rnd, cancelReasons)
		}
		s.order.CancelReason = &reason
	}
	return s.order.CancelReason
}

// tell adds an event to the order's story.
func (s *settlement) tell(what string, at time.Time, data map[string]any) {
	document := []byte("{}")
	if data != nil {
		document, _ = json.Marshal(data) // strings, numbers and amounts
	}
	s.rows.events = append(s.rows.events, shopdb.SeedOrderEventsParams{
		OrderID: s.order.ID, Type: what, Data: document, OccurredAt: at,
	})
}

// last is when the order changed for the last time.
func (t timeline) last() time.Time {
	last := t.placed
	for _, at := range []time.Time{t.confirmed, t.packed, t.shipped, t.delivered, t.cancelled, t.refunded} {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// present is nil for what never happened.
func present(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
