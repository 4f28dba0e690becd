package duck_test

import (
	"path/filepath"
	"testing"

	"mercado/internal/lake"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/model"
)

// TestPeriodsThatSayTheSameBecomeOne erases a person whose history differs only in what is erased, and then in whether
// the account is open: what the model would have made had it never known more.
func TestPeriodsThatSayTheSameBecomeOne(t *testing.T) {
	t.Parallel()
	models, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Get(model.Table{Zone: lake.Gold, Name: "customer_history"})
	if err != nil {
		t.Fatal(err)
	}
	e := newExample(t, m)
	e.exec(`create table history as
		select id as customer_id, since::timestamptz as valid_from, until::timestamptz as valid_to, first as first_name, 'Q.' as last_name, 'hash ' || first as email,
			city, 'PT' as country, '2026-01-01'::timestamptz as joined_at, active as is_active
		from (values
			(7, '2026-01-01', '2026-02-01', 'A.', 'Porto', true), (7, '2026-02-01', '2026-03-01', 'B.', 'Faro', true),
			(7, '2026-03-01', '2026-04-01', 'B.', null, false), (7, '2026-04-01', null, 'B.', 'Porto', true),
			(8, '2026-01-01', '2026-02-01', 'A.', 'Porto', true), (8, '2026-02-01', null, 'A.', 'Porto', true)
		) as h (id, since, until, first, city, active)`)
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	e.exec("copy history to '" + in + "' (format parquet)")
	engine := duck.New(engineSettings)
	part := model.ErasedPart{Personal: m.Personal, Customer: 7, Key: m.Key, In: in, Out: out}
	if rows, _, err := engine.Remains(t.Context(), part, nil); err != nil || rows != 4 {
		t.Errorf("%d rows say who somebody is, %v", rows, err)
	}
	rows, changed, err := engine.Erase(t.Context(), part)
	if err != nil || !changed || rows != 5 {
		t.Fatalf("%d rows, changed %t, %v", rows, changed, err)
	}
	e.same("history", `select customer_id, valid_from, valid_to, first_name, city, is_active from '`+out+`'`,
		`select id, since::timestamptz, until::timestamptz, first, city, active from (values
			(7, '2026-01-01', '2026-03-01', 'E.', null, true), (7, '2026-03-01', '2026-04-01', 'E.', null, false), (7, '2026-04-01', null, 'E.', null, true),
			(8, '2026-01-01', '2026-02-01', 'A.', 'Porto', true), (8, '2026-02-01', null, 'A.', 'Porto', true)
		) as h (id, since, until, first, city, active)`)
	part.In, part.Out = out, in
	if _, changed, err := engine.Erase(t.Context(), part); err != nil || changed {
		t.Errorf("erased again, it changes: %t, %v", changed, err)
	}
	if rows, found, err := engine.Remains(t.Context(), part, []string{"hash a.", "nothing"}); err != nil || rows != 0 || len(found) != 1 || found["hash a."] != 2 {
		t.Errorf("%d rows say who somebody is, found %v, %v", rows, found, err)
	}
}
