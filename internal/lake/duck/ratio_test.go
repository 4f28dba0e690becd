package duck_test

import (
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mercado/internal/lake"
	"mercado/internal/lake/duck"
)

// Both functions against exact fractions, of money and of counts, halves among them.
func TestRatiosAreExactAndRoundHalvesAwayFromZero(t *testing.T) {
	t.Parallel()
	type pair struct{ cents, by int64 }
	pairs := []pair{{1, 2}, {-1, 2}, {5, 0}, {0, 7}, {-5, -1000}, {1e16 - 1, 1}, {1e16 - 1, 1e9}, {100, 3}}
	numerator := rapid.Int64Range(-1e9, 1e9)
	divisor := rapid.OneOf(rapid.Int64Range(-2000, 2000), rapid.SampledFrom([]int64{2, 8, 16, 80, 625, 2000}))
	for i := range 500 {
		pairs = append(pairs, pair{numerator.Example(i), divisor.Example(i)})
	}
	rows, want := make([]string, len(pairs)), map[int][2]string{}
	for i, p := range pairs {
		rows[i] = fmt.Sprintf("(%d, %d::bigint, %d::bigint)", i, p.cents, p.by)
		want[i] = [2]string{"null", "null"}
		if p.by != 0 {
			exact := big.NewRat(p.cents, 100)
			exact.Quo(exact, big.NewRat(p.by, 1))
			want[i] = [2]string{rounded(exact, 4), rounded(exact, 2)}
		}
	}
	e := newExample(t, ofSQL(t, `-- column to_4: Ratio.
-- column to_2: Of money.
select id, ratio(amount, n) as to_4, money_ratio(amount, n) as to_2
from (select id, n, (cents::decimal(38, 2) * 0.01::decimal(2, 2))::decimal(18, 2) as amount from raw.given)`))
	e.given("raw.given", "select * from (values "+strings.Join(rows, ", ")+") as t (id, cents, n)")
	result, err := duck.New(engineSettings).Run(t.Context(), e.job)
	if err != nil {
		t.Fatal(err)
	}
	if types := fmt.Sprint(result.Columns); !strings.Contains(types, "DECIMAL(18,4)") || !strings.Contains(types, "DECIMAL(18,2)") {
		t.Errorf("the types are %s", types)
	}
	answer, err := e.db.QueryContext(t.Context(), "select id, coalesce(to_4::varchar, 'null'), coalesce(to_2::varchar, 'null') from "+parquetOf(result.Files))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Close() }()
	compared := 0
	for ; answer.Next(); compared++ {
		var id int
		var got [2]string
		if err := answer.Scan(&id, &got[0], &got[1]); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != want[id][i] {
				t.Errorf("%d cents by %d: %s, want %s", pairs[id].cents, pairs[id].by, got, want[id])
			}
		}
	}
	if err := answer.Err(); err != nil || compared != len(pairs) {
		t.Errorf("compared %d of %d: %v", compared, len(pairs), err)
	}
}

// rounded writes a fraction with so many digits, halves rounded away from zero.
func rounded(exact *big.Rat, digits int) string {
	text := exact.FloatString(digits)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

func TestParametersReachTheModel(t *testing.T) {
	t.Parallel()
	e := newExample(t, ofSQL(t, `-- column cost: Parameter.
select clv_expected_months as id, clv_acquisition_cost as cost from run.parameters, raw.given`))
	e.given("raw.given", "select 1 as given")
	e.job.Parameters = lake.Parameters{CLVExpectedMonths: 18, CLVAcquisitionCost: 1205}
	result, err := duck.New(engineSettings).Run(t.Context(), e.job)
	if err != nil {
		t.Fatal(err)
	}
	var got sql.NullString
	if err := e.db.QueryRowContext(t.Context(), "select id || ' ' || cost from "+parquetOf(result.Files)).Scan(&got); err != nil || got.String != "18 12.05" {
		t.Errorf("the model read %q, %v", got.String, err)
	}
}
