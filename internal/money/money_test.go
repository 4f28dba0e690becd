package money_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"mercado/internal/money"
)

func TestAmountSurvivesTextAndNumeric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Amount(rapid.Int64().Draw(t, "minor units"))
		parsed, err := money.Parse(amount.String())
		if err != nil || parsed != amount {
			t.Fatalf("Parse(%q) = %d, %v; want %d", amount, parsed, err, amount)
		}
		numeric, err := amount.NumericValue()
		if err != nil {
			t.Fatal(err)
		}
		var scanned money.Amount
		if err := scanned.ScanNumeric(numeric); err != nil || scanned != amount {
			t.Fatalf("ScanNumeric(%v) = %d, %v; want %d", numeric, scanned, err, amount)
		}
	})
}

func TestParseRefusesWhatIsNotMoney(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "-", ".", "1.", ".5", "1.234", "1e3", "1,50", "+1", "--1", "1.-5", " 1", "99999999999999999999"} {
		if amount, err := money.Parse(s); err == nil {
			t.Errorf("Parse(%q) = %s, want an error", s, amount)
		}
	}
}

func TestAmountReadsJSONStringsAndNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]money.Amount{`"12.50"`: 1250, `12.5`: 1250, `0.05`: 5, `7`: 700} {
		var got money.Amount
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("Unmarshal(%s) = %d, %v; want %d", text, got, err, want)
		}
	}
	out, err := json.Marshal(map[string]money.Amount{"price": -5})
	if err != nil || string(out) != `{"price":"-0.05"}` {
		t.Errorf("Marshal = %s, %v", out, err)
	}
}

func TestScanNumericRefusesFractionsOfACent(t *testing.T) {
	t.Parallel()
	var numeric pgtype.Numeric
	if err := numeric.Scan("1.005"); err != nil {
		t.Fatal(err)
	}
	var amount money.Amount
	if err := amount.ScanNumeric(numeric); err == nil {
		t.Errorf("scanned 1.005 as %s", amount)
	}
}

func TestTimesRefusesOverflow(t *testing.T) {
	t.Parallel()
	if got, err := money.Amount(1999).Times(3); err != nil || got != 5997 {
		t.Errorf("19.99 × 3 = %s, %v", got, err)
	}
	if got, err := money.Amount(1 << 62).Times(4); err == nil {
		t.Errorf("overflow gave %s", got)
	}
}
