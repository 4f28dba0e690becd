package sandbox

import (
	"net/http"
	"slices"
)

// What happens to payments that nobody has asked for.

// expire lets go of what is set aside and not captured, as a bank does after some days.
func expire(p *payment) (f fact, possible bool) {
	return fact{Kind: expired}, p.Status == authorized
}

// bounce fails the last refund, which was made: the customer's account is closed, say. The money is the
// shop's again.
func bounce(p *payment) (f fact, possible bool) {
	return fact{
		Kind: bounced, paymentFact: paymentFact{Amount: p.latest.Amount, Undone: p.latest.Key, DeclineCode: "account_closed"},
	}, p.latest.Key != "" && slices.Contains(p.Done, p.latest.Key)
}

// befall has something happen to a payment: POST with its reference, or the shop's id of its order.
func (s *Sandbox) befall(what func(*payment) (f fact, possible bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var ask struct {
			Reference string `json:"reference"`
		}
		if !read(w, r, &ask) {
			return
		}
		s.mu.Lock()
		found := s.payments[ask.Reference]
		for _, p := range s.payments {
			if found == nil && p.OrderReference == ask.Reference {
				found = p
			}
		}
		possible := false
		var durable func() error
		var err error
		var now payment
		if found != nil {
			var f fact
			if f, possible = what(found); possible {
				f.Reference = found.Reference
				durable, err = s.happen(f)
			}
			now = *found
		}
		s.mu.Unlock()
		if err == nil && durable != nil {
			err = durable()
		}
		switch {
		case found == nil:
			refuse(w, http.StatusNotFound, notFound)
		case err != nil:
			s.Log.Error("nothing has happened", "reference", ask.Reference, "error", err)
			refuse(w, http.StatusInternalServerError, "the journal cannot be written")
		case !possible:
			refuse(w, http.StatusConflict, "that cannot happen to a payment that is "+now.Status)
		default:
			answer(w, http.StatusCreated, now)
		}
	}
}
