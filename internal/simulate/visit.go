package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Operations of the public API that customers use.
var (
	register     = operation{http.MethodPost, "/api/identity/register"}
	signIn       = operation{http.MethodPost, "/api/identity/token"}
	listProducts = operation{http.MethodGet, "/api/catalog/products"}
	getProduct   = operation{http.MethodGet, "/api/catalog/products/{id}"}
	getCart      = operation{http.MethodGet, "/api/cart"}
	putItem      = operation{http.MethodPut, "/api/cart/items/{item_id}"}
	dropItem     = operation{http.MethodDelete, "/api/cart/items/{item_id}"}
	checkOut     = operation{http.MethodPost, "/api/checkout"}
	placeOrder   = operation{http.MethodPost, "/api/orders"}
	listOrders   = operation{http.MethodGet, "/api/orders"}
	getOrder     = operation{http.MethodGet, "/api/orders/{id}"}
	getTimeline  = operation{http.MethodGet, "/api/orders/{id}/timeline"}
	cancelOrder  = operation{http.MethodPost, "/api/orders/{id}/cancel"}
	returnOrder  = operation{http.MethodPost, "/api/orders/{id}/returns"}
	review       = operation{http.MethodPost, "/api/catalog/products/{id}/reviews"}
)

// person is a customer of the simulation between visits.
type person struct {
	mu         sync.Mutex
	registered bool
	token      string
	expires    time.Time
}

// visit is one person's way through the shop.
type visit struct {
	*simulation
	plan   plan
	person *person
	due    time.Time // when the visit was to begin; zero once it has
	token  string
}

func (v *visit) run(ctx context.Context) {
	if (v.plan.intent != lookAround || v.plan.signedIn) && !v.signIn(ctx) {
		// The shop lets no more people in at this time: they look around as anybody may, and leave.
		v.record.happened(func(o *Outcomes) { o.TurnedAway++ })
		v.browse(ctx)
		return
	}
	if v.plan.intent == comeBack {
		v.seeToAnOrder(ctx)
		return
	}
	found := v.browse(ctx)
	if v.plan.intent == lookAround || len(found) == 0 {
		return
	}
	if v.plan.intent == buy && v.plan.straight {
		v.buyStraight(ctx, found)
		return
	}
	if !v.fillCart(ctx, found) {
		return
	}
	if v.plan.intent == abandon {
		v.record.happened(func(o *Outcomes) { o.Abandoned++ })
		return
	}
	v.buyCart(ctx)
}

// signIn gives the visit a token. Whoever comes for the first time registers; somebody of an
// earlier run with the same seed is known already.
func (v *visit) signIn(ctx context.Context) bool {
	v.person.mu.Lock()
	defer v.person.mu.Unlock()
	if time.Now().Before(v.person.expires) {
		v.token = v.person.token
		return true
	}
	email := fmt.Sprintf("simulated-%d-%d@example.com", v.Seed, v.plan.customer)
	password := passwordOf(email)
	if !v.person.registered {
		got := v.askInTime(ctx, register, map[string]any{
			"email": email, "password": password, "first_name": "Simulated", "last_name": "Person " + strconv.Itoa(v.plan.customer),
			"country": v.plan.country,
		})
		if !got.ok() && got.code != "email_taken" {
			return false
		}
		v.person.registered = true
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if !v.askInTime(ctx, signIn, map[string]any{"username": email, "password": password}).into(&tokens) {
		return false
	}
	v.token = tokens.AccessToken
	v.person.token = tokens.AccessToken
	v.person.expires = time.Now().Add(time.Duration(tokens.ExpiresIn)*time.Second - visitPatience)
	return true
}

// askInTime asks an operation whose use is limited for everybody who comes from here: who is told
// to wait speaks for all, and nobody asks again before it is of use.
func (v *visit) askInTime(ctx context.Context, o operation, body any) answer {
	v.notBefore.Lock()
	early := time.Now().Before(v.notBefore.of[o])
	v.notBefore.Unlock()
	if early {
		return answer{}
	}
	got := v.ask(ctx, o, o.path, body)
	if got.wait > 0 {
		v.notBefore.Lock()
		v.notBefore.of[o] = time.Now().Add(got.wait)
		v.notBefore.Unlock()
	}
	return got
}

// browse lists, searches and looks, and returns the products that were seen.
func (v *visit) browse(ctx context.Context) (found []int64) {
	query := url.Values{"limit": {"20"}}
	if v.plan.search != "" {
		query.Set("q", v.plan.search)
	} else {
		query.Set("sort", v.plan.sort)
	}
	for range v.plan.pages {
		var page struct {
			Items []struct {
				ID int64 `json:"id"`
			} `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if !v.ask(ctx, listProducts, listProducts.path+"?"+query.Encode(), nil).into(&page) {
			break
		}
		for _, item := range page.Items {
			found = append(found, item.ID)
		}
		if page.NextCursor == "" {
			break
		}
		query.Set("cursor", page.NextCursor)
	}
	if len(found) == 0 {
		return nil // nothing of that name, or nothing in stock
	}
	for _, which := range v.plan.details {
		id := found[of(which, len(found))]
		v.ask(ctx, getProduct, fmt.Sprintf("/api/catalog/products/%d", id), nil)
	}
	return found
}

// fillCart puts what was planned in the cart, and reports whether anything is in it.
func (v *visit) fillCart(ctx context.Context, found []int64) bool {
	put := func(l line, qty int) bool {
		path := fmt.Sprintf("/api/cart/items/%d", found[of(l.which, len(found))])
		got := v.ask(ctx, putItem, path, map[string]any{"qty": qty})
		if got.code == "out_of_stock" {
			v.record.happened(func(o *Outcomes) { o.OutOfStock++ })
		}
		return got.ok()
	}
	filled := 0
	for _, l := range v.plan.lines {
		if put(l, l.qty) {
			filled++
		}
	}
	if v.plan.change && filled > 0 {
		put(v.plan.lines[0], v.plan.lines[0].qty+1)
	}
	if v.plan.remove && filled > 1 {
		last := v.plan.lines[len(v.plan.lines)-1]
		v.ask(ctx, dropItem, fmt.Sprintf("/api/cart/items/%d", found[of(last.which, len(found))]), nil)
	}
	v.ask(ctx, getCart, getCart.path, nil)
	return filled > 0
}

// purchase is what every buyer says.
func (v *visit) purchase() map[string]any {
	method := map[string]any{"type": v.plan.payment.method}
	if v.plan.payment.token != "" {
		method["token"] = v.plan.payment.token
	}
	return map[string]any{
		"payment_method": method,
		"shipping_address": map[string]any{
			"line1": "Rua Augusta 1", "city": "Lisboa", "country": v.plan.country, "postal_code": "1100-048",
		},
	}
}

// headers are those of a purchase: a key of its own, and whether the outcome is waited for.
func (v *visit) headers() []string {
	headers := []string{"Idempotency-Key", uuid.NewString()}
	if v.plan.async {
		headers = append(headers, "Prefer", "respond-async")
	}
	return headers
}

func (v *visit) buyCart(ctx context.Context) {
	body := v.purchase()
	got := v.ask(ctx, checkOut, checkOut.path, body, v.headers()...)
	if got.code == "price_changed" && v.plan.acceptPrice {
		body["accept_price_changes"] = true
		got = v.ask(ctx, checkOut, checkOut.path, body, v.headers()...)
	}
	v.outcome(ctx, got)
}

func (v *visit) buyStraight(ctx context.Context, found []int64) {
	chosen := v.plan.lines[0]
	body := v.purchase()
	body["items"] = []map[string]any{{"item_id": found[of(chosen.which, len(found))], "qty": chosen.qty}}
	v.outcome(ctx, v.ask(ctx, placeOrder, placeOrder.path, body, v.headers()...))
}

// outcome counts what became of an order, and looks at it as people do.
func (v *visit) outcome(ctx context.Context, got answer) {
	v.record.happened(func(o *Outcomes) {
		switch {
		case got.status == http.StatusCreated:
			o.Confirmed++
		case got.status == http.StatusAccepted && v.plan.async:
			o.Accepted++
		case got.status == http.StatusAccepted:
			o.Late++
		case got.code == "payment_declined":
			o.Declined++
		case got.code == "out_of_stock":
			o.OutOfStock++
		case got.status >= 400 && got.status < 500:
			o.Refused++
		}
	})
	var placed struct {
		ID string `json:"id"`
	}
	if !got.into(&placed) {
		return
	}
	path := "/api/orders/" + placed.ID
	v.ask(ctx, getOrder, path, nil)
	if v.plan.regret {
		v.cancel(ctx, path)
	}
}

// passwordOf is the password of a simulated person: the same in the next run, and not one that is
// guessed.
func passwordOf(email string) string {
	sum := sha256.Sum256([]byte("simulated\x00" + email))
	return hex.EncodeToString(sum[:16])
}
