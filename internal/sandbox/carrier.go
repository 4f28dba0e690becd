package sandbox

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mercado/internal/order"
	"mercado/internal/shipping"
)

// Kinds of facts about parcels: missed is one that ends without being delivered, withdrawn one whose
// label was given back.
const (
	labelled  = "labelled"
	delivered = "delivered"
	missed    = "missed"
	withdrawn = "withdrawn"
)

// Words in the first line of an address that choose how a parcel ends.
var endings = map[string]shipping.Status{
	"sandbox:lost":   shipping.Lost,
	"sandbox:return": shipping.ReturnedToSender,
}

func endingOf(to order.Address) shipping.Status {
	for word, ending := range endings {
		if strings.Contains(to.Line1, word) {
			return ending
		}
	}
	return shipping.Delivered
}

// carrierFact is what a fact says of a parcel. The address is not kept.
type carrierFact struct {
	TrackingNumber string `json:"tracking_number,omitempty"`
	Message        string `json:"message,omitempty"`

	Ending shipping.Status `json:"ending,omitempty"` // of a parcel that will not be delivered
}

// label is a parcel on its way.
type label struct {
	shipping.Label
	shipping.Tracking
	reference string
	boughtAt  time.Time
	ending    shipping.Status
}

// discretion is how long the carrier tells nobody of a parcel whose label was bought: the buyer
// has to write the tracking number down first.
const discretion = 500 * time.Millisecond

func (s *Sandbox) applyLabelled(f fact) {
	l := &label{
		Label:     shipping.Label{TrackingNumber: f.TrackingNumber},
		Tracking:  shipping.Tracking{Status: shipping.InTransit},
		reference: f.Reference, boughtAt: f.At, ending: f.Ending,
	}
	s.labels[f.TrackingNumber], s.parcels[f.Reference], s.moving[f.TrackingNumber] = l, l, l
	s.tell(l)
}

func (s *Sandbox) applyDelivered(f fact) {
	l := s.labels[f.TrackingNumber]
	delete(s.moving, f.TrackingNumber)
	l.Tracking = shipping.Tracking{Status: shipping.Delivered, DeliveredAt: f.At}
	s.tell(l)
}

func (s *Sandbox) applyMissed(f fact) {
	l := s.labels[f.TrackingNumber]
	delete(s.moving, f.TrackingNumber)
	l.Tracking = shipping.Tracking{Status: f.Ending}
	s.tell(l)
}

// applyWithdrawn stops a parcel, and what was to be told of it.
func (s *Sandbox) applyWithdrawn(f fact) {
	l := s.labels[f.TrackingNumber]
	delete(s.moving, f.TrackingNumber)
	delete(s.messages, messageID(l))
	l.Tracking = shipping.Tracking{Status: shipping.Withdrawn}
}

// tell puts a webhook about the parcel as it is now in the queue.
func (s *Sandbox) tell(l *label) {
	id := messageID(l)
	s.messages[id] = &message{
		id: id, url: s.WebhookURL, header: shipping.SignatureHeader, due: l.boughtAt.Add(discretion),
		body: shipping.Webhook{ID: id, TrackingNumber: l.TrackingNumber, Tracking: l.Tracking},
	}
}

func messageID(l *label) string { return "evt_" + l.TrackingNumber + "_" + string(l.Status) }

func (s *Sandbox) buyLabel(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Reference string        `json:"reference"`
		To        order.Address `json:"to"`
	}
	if !read(w, r, &ask) {
		return
	}
	if ask.Reference == "" || ask.To.Country == "" {
		refuse(w, http.StatusBadRequest, "reference and an address are needed")
		return
	}
	s.mu.Lock()
	var err error
	durable := func() error { return s.journal.sync(s.journal.lines()) }
	if _, bought := s.parcels[ask.Reference]; !bought {
		durable, err = s.happen(fact{
			Kind: labelled, Reference: ask.Reference,
			carrierFact: carrierFact{TrackingNumber: "SBX" + strings.ToUpper(rand.Text()[:12]), Ending: endingOf(ask.To)},
		})
	}
	var bought shipping.Label
	if err == nil {
		bought = s.parcels[ask.Reference].Label
	}
	s.mu.Unlock()
	if err == nil {
		err = durable()
	}
	if err != nil {
		s.Log.Error("label failed", "reference", ask.Reference, "error", err)
		refuse(w, http.StatusInternalServerError, "the journal cannot be written")
		return
	}
	bought.URL = "http://" + r.Host + "/labels/" + bought.TrackingNumber + "/label.txt"
	answer(w, http.StatusCreated, bought)
}

// cancelLabel takes a label back, by the shop's reference. Whether a parcel has left is the shop's
// word here: only one that has arrived cannot be stopped.
func (s *Sandbox) cancelLabel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l, known := s.parcels[r.PathValue("reference")]
	var now shipping.Tracking
	var err error
	durable := func() error { return s.journal.sync(s.journal.lines()) }
	if known {
		if l.Status == shipping.InTransit {
			durable, err = s.happen(fact{Kind: withdrawn, Reference: l.reference, carrierFact: carrierFact{TrackingNumber: l.TrackingNumber}})
		}
		now = l.Tracking
	}
	s.mu.Unlock()
	if known && err == nil {
		err = durable()
	}
	switch {
	case !known:
		refuse(w, http.StatusNotFound, "no such parcel")
	case err != nil:
		s.Log.Error("label was not cancelled", "reference", l.reference, "error", err)
		refuse(w, http.StatusInternalServerError, "the journal cannot be written")
	case now.Status != shipping.Withdrawn:
		refuse(w, http.StatusConflict, "the parcel is "+string(now.Status))
	default:
		answer(w, http.StatusOK, now)
	}
}

func (s *Sandbox) track(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var now shipping.Tracking
	l, known := s.labels[r.PathValue("tracking_number")]
	if known {
		now = l.Tracking
	}
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "no such parcel")
		return
	}
	answer(w, http.StatusOK, now)
}

func (s *Sandbox) printLabel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l, known := s.labels[r.PathValue("tracking_number")]
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "no such parcel")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "SANDBOX CARRIER\n%s\nshipment %s\n", l.TrackingNumber, l.reference)
}

// arrive delivers the parcels whose time has come.
func (s *Sandbox) arrive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, l := range s.moving {
		if time.Since(l.boughtAt) >= s.Transit {
			end := fact{Kind: delivered, carrierFact: carrierFact{TrackingNumber: number}}
			if l.ending != "" && l.ending != shipping.Delivered {
				end.Kind, end.Ending = missed, l.ending
			}
			if _, err := s.happen(end); err != nil {
				return err
			}
		}
	}
	return nil
}
