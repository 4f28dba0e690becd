package simulate_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mercado/internal/simulate"
)

// slowly answers every request with an empty list, and whoever reads after a while; before a certain time nobody
// who reads is answered. Whoever signs in is not kept waiting: a virtual clock stands still while another visit
// of theirs waits for that.
type slowly struct {
	answer time.Duration
	before time.Time
}

func (s slowly) RoundTrip(request *http.Request) (*http.Response, error) {
	body := `{"items": []}`
	if request.URL.Path == "/openapi.json" {
		body = `{"paths": {"/api/catalog/products": {"get": {"responses": {"200": {}}}}}}`
	} else if request.Method == http.MethodGet {
		time.Sleep(max(s.answer, time.Until(s.before))) //nolint:forbidigo // by a virtual clock
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: request, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// TestVisitsArriveAtTheirRate counts by a virtual clock who comes in half an hour, to a shop that answers at
// once and to one that takes long: those who come do not wait for those before, as long as there is room. Who had
// to wait while the shop stood still comes in when it goes on: nobody stays away.
func TestVisitsArriveAtTheirRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate        float64
		still       time.Duration // the shop stands at first
		answer      time.Duration
		atOnce      int
		least, most int // four standard deviations around rate × 1800 s
	}{
		{5, 0, 0, 64, 8_620, 9_380},
		{5, 15 * time.Minute, 0, 1, 8_620, 9_380},
		{5, 0, 4 * time.Second, 1000, 8_620, 9_380},
		{0.1, 0, 4 * time.Second, 1000, 126, 234},
		{5, 0, 10 * time.Second, 1, 1, 180}, // no room
	} {
		synctest.Test(t, func(t *testing.T) {
			told := 0
			summary, err := simulate.Run(context.Background(), simulate.Options{
				URL: "http://shop", Rate: c.rate, For: 30 * time.Minute, Customers: 50, Seed: 3, AtOnce: c.atOnce,
				Client: &http.Client{Transport: slowly{c.answer, time.Now().Add(c.still)}}, Progress: func(simulate.Snapshot) { told++ },
			})
			if err != nil || summary.Visits < c.least || summary.Visits > c.most {
				t.Errorf("%g/s, answered after %s, in %s: %+v, %v; want %d to %d visits", c.rate, c.still, c.answer, summary, err, c.least, c.most)
			}
			if told < 30*60-1 || told > int(summary.Seconds) {
				t.Errorf("progress was told %d times in %.0f s", told, summary.Seconds)
			}
		})
	}
}
