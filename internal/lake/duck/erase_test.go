package duck_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	// From a table of Postgres they come out as from the file.
	theirs, err := engine.Rows(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	given := part
	given.In = filepath.Join(folder, "there is none")
	given.Given = &model.GivenRows{Columns: []lake.Column{
		{Name: "customer_id", Type: "bigint"}, {Name: "valid_from", Type: "timestamp with time zone"}, {Name: "valid_to", Type: "timestamp with time zone"},
		{Name: "first_name", Type: "text"}, {Name: "last_name", Type: "text"}, {Name: "email", Type: "text"}, {Name: "city", Type: "text"},
		{Name: "country", Type: "text"}, {Name: "joined_at", Type: "timestamp with time zone"}, {Name: "is_active", Type: "boolean"},
	}, Rows: []byte(`[
		{"customer_id": 7, "valid_from": "2026-04-01T00:00:00+00:00", "valid_to": null, "first_name": "B.", "last_name": "O'Q.", "email": "b", "city": "Porto", "country": "PT", "joined_at": "2026-01-01T00:00:00+00:00", "is_active": true},
		{"customer_id": 7, "valid_from": "2026-01-01T00:00:00+00:00", "valid_to": "2026-02-01T00:00:00+00:00", "first_name": "A.", "last_name": "Q.", "email": "a", "city": "Porto", "country": "PT", "joined_at": "2026-01-01T00:00:00+00:00", "is_active": true},
		{"customer_id": 7, "valid_from": "2026-02-01T00:00:00+00:00", "valid_to": "2026-03-01T00:00:00+00:00", "first_name": "B.", "last_name": "Q.", "email": "b", "city": null, "country": "PT", "joined_at": "2026-01-01T00:00:00+00:00", "is_active": true},
		{"customer_id": 7, "valid_from": "2026-03-01T00:00:00+00:00", "valid_to": "2026-04-01T00:00:00+00:00", "first_name": "B.", "last_name": "Q.", "email": "b", "city": null, "country": "PT", "joined_at": "2026-01-01T00:00:00+00:00", "is_active": false}
	]`)}
	rowsGiven, err := engine.Rows(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	ofFile, ofTable := objects(t, theirs), objects(t, rowsGiven)
	if len(ofFile) != 3 || !slices.Equal(ofFile, ofTable) || !strings.Contains(ofFile[0], "first_name:E.") {
		t.Errorf("from a file\n%s\nfrom a table\n%s", ofFile, ofTable)
	}
	part.In, part.Out = out, in
	hash := model.WantedText("Hash A.")
	if _, changed, err := engine.Erase(t.Context(), part); err != nil || changed {
		t.Errorf("erased again, it changes: %t, %v", changed, err)
	}
	if rows, found, err := engine.Remains(t.Context(), part, []model.Wanted{hash, model.WantedText("nothing")}); err != nil || rows != 0 || len(found) != 1 || found[hash] != 2 {
		t.Errorf("%d rows say who somebody is, found %v, %v", rows, found, err)
	}
}

// objects are those of a JSON list, in an order of their own.
func objects(t *testing.T, list []byte) []string {
	t.Helper()
	var all []map[string]any
	if err := json.Unmarshal(list, &all); err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(all))
	for i, object := range all {
		texts[i] = fmt.Sprint(object)
	}
	slices.Sort(texts)
	return texts
}

// TestAddressIsNotFoundInALongerOne looks for an address among those of others that contain it.
func TestAddressIsNotFoundInALongerOne(t *testing.T) {
	t.Parallel()
	models, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Get(model.Table{Zone: lake.Gold, Name: "customer"})
	if err != nil {
		t.Fatal(err)
	}
	e := newExample(t, m)
	in := filepath.Join(t.TempDir(), "in.parquet")
	engine := duck.New(engineSettings)
	part := model.ErasedPart{Personal: m.Personal, Customer: 7, Key: m.Key, In: in}
	wanted := model.WantedAddress("Ana+1@Mail.example")
	for text, want := range map[string]int64{
		"ana+1@mail.example": 1, "ANA+1@MAIL.EXAMPLE": 1, "write to <ana+1@mail.example>.": 1, "is it ana+1@mail.example?": 1,
		"it is ana+1@mail.example.": 1, "'ana+1@mail.example'": 1, `{"email": "ana+1@mail.example"}`: 1, `{"notes": "from\nana+1@mail.example"}`: 1,
		"joana+1@mail.example, ana+1@mail.example": 1, "mailto:ana+1@mail.example": 1, "ana+1@mail.example...": 1,
		"joana+1@mail.example": 0, "jo.ana+1@mail.example": 0, "o'ana+1@mail.example": 0, "\u00e9ana+1@mail.example": 0, "ana+1@mail.example.org": 0,
		"ana+1@mail.examples": 0, "ana+1@mail.example-shop.org": 0, "ana1@mail.example": 0, "ana+1@mailxexample": 0, "_ana+1@mail.example": 0,
	} {
		e.exec("create or replace table texts as select 8 as customer_id, '" + strings.ReplaceAll(text, "'", "''") + "' as email")
		e.exec("copy texts to '" + in + "' (format parquet)")
		if _, found, err := engine.Remains(t.Context(), part, []model.Wanted{wanted}); err != nil || found[wanted] != want {
			t.Errorf("found %d times in %s, want %d, %v", found[wanted], text, want, err)
		}
	}
}

// TestPartThatIsNoneIsUnusable tells a part that cannot be read from an engine that does not work.
func TestPartThatIsNoneIsUnusable(t *testing.T) {
	t.Parallel()
	models, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Get(model.Table{Zone: lake.Gold, Name: "customer"})
	if err != nil {
		t.Fatal(err)
	}
	e := newExample(t, m)
	folder := t.TempDir()
	good, other, pages, none := filepath.Join(folder, "good.parquet"), filepath.Join(folder, "other.parquet"), filepath.Join(folder, "pages.parquet"), filepath.Join(folder, "none.parquet")
	e.exec("copy (select range as customer_id, 'hash ' || range as email from range(100)) to '" + good + "' (format parquet, compression zstd)")
	e.exec("copy (select 1 as customer, 'a' as email) to '" + other + "' (format parquet)")
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for at := 40; at < 200; at++ {
		data[at] ^= 0xff
	}
	for path, content := range map[string][]byte{pages: data, none: []byte("this is no Parquet at all")} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	engine := duck.New(engineSettings)
	for path, want := range map[string]bool{good: false, other: true, pages: true, none: true} {
		part := model.ErasedPart{Personal: m.Personal, Customer: 7, Key: []string{"customer_id"}, In: path, Out: filepath.Join(folder, "out.parquet")}
		_, _, erased := engine.Erase(t.Context(), part)
		_, _, looked := engine.Remains(t.Context(), part, []model.Wanted{model.WantedText("hash 7")})
		for _, err := range []error{erased, looked} {
			var unusable *model.UnusablePart
			if errors.As(err, &unusable) != want || !want && err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	part := model.ErasedPart{Personal: m.Personal, Customer: 7, In: good, Out: filepath.Join(folder, "out.parquet")}
	if _, _, err := engine.Erase(ended, part); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
