package order_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"mercado/internal/order"
)

// TestEveryEventThatIsToldIsListed reads the types out of whatever writes events.
func TestEveryEventThatIsToldIsListed(t *testing.T) {
	t.Parallel()
	literal := regexp.MustCompile(`['"]((?:order|shipment|payment|refund|return)\.[a-z_]+)['"]`)
	told := map[string]bool{
		"shipment.lost": true, "shipment.returned_to_sender": true, // by lose_shipment, after the status
	}
	for _, pattern := range []string{"../../sql/migrations/shop/*.sql", "../../sql/queries/shop/*.sql", "../store/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range literal.FindAllStringSubmatch(string(text), -1) {
				if told[found[1]] = true; !slices.Contains(order.EventTypes, found[1]) {
					t.Errorf("%s tells of %s, which is not listed", file, found[1])
				}
			}
		}
	}
	for _, listed := range order.EventTypes {
		if !told[listed] {
			t.Errorf("nobody tells of %s", listed)
		}
	}
}
