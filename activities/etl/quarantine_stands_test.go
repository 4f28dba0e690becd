package etl_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mercado/api/apitest"
	"mercado/runs"
)

// What is listed is what the warehouse is without: a row that every load copies is there once, one that was corrected is
// not, and comes back when the load that took the correction is rolled back.
func TestQuarantineShowsWhatStands(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-02-27', 1), fixture.place('2026-02-28', 1)")
	p.exec("alter table identity.customers drop constraint customers_email_check")
	p.exec("update identity.customers set email = 'no address of ' || id where id in (19, 20)")
	p.exec("update ordering.order_items set item_id = 4711 + line_no where line_no = 1")
	admin := apitest.On(t, p.world).Admin()
	listed := func(option, query string, want ...string) {
		t.Helper()
		var list struct{ Items []runs.QuarantinedRow }
		show := func(how string) {
			t.Helper()
			var got []string
			for _, item := range list.Items {
				where := fmt.Sprint(item.Row["ordered_at"])
				if item.Table == "customers" {
					where = fmt.Sprint(item.Row["id"])
				}
				got = append(got, item.Table+" "+where[:min(len(where), 10)])
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: in quarantine are %q, want %q", how, got, want)
			}
		}
		stdout, stderr, code := p.ran(strings.Fields("etl quarantine --output json " + option)...)
		if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 {
			t.Fatalf("etl quarantine: code %d, printed %s, said %s", code, stdout, stderr)
		}
		show("etl quarantine " + option)
		list.Items = nil
		admin.Get("/api/etl/quarantine" + query).Want(http.StatusOK).Into(&list)
		show("/api/etl/quarantine" + query)
	}
	first, _ := p.load("2026-02-27", "2026-03-01")
	both := []string{"customers 19", "customers 20", "order_items 2026-02-27", "order_items 2026-02-28"}
	listed("", "", both...)

	// The next load takes along the day of the line that was corrected, and the customer who was.
	p.exec("update identity.customers set email = 'person20@example.org' where id = 20")
	p.exec("update ordering.order_items set item_id = 1 where item_id > 4711 and order_id in (select id from ordering.orders where order_date < '2026-02-28')")
	second, _ := p.load("2026-03-01", "2026-03-02")
	listed("", "", "customers 19", "order_items 2026-02-28")
	listed("--all-runs", "?all_runs=true", slices.Sorted(slices.Values(append([]string{"customers 19"}, both...)))...)
	listed("--run "+first.ID.String(), "?run="+first.ID.String(), both...)

	if _, err := p.rollback(&second.ID, false); err != nil {
		t.Fatal(err)
	}
	listed("", "", both...)
}
