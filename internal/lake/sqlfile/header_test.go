package sqlfile_test

import (
	"slices"
	"testing"

	"mercado/internal/lake/sqlfile"
)

func TestHeaderIsReadAndCutOff(t *testing.T) {
	t.Parallel()
	header, statement, err := sqlfile.Parse(`-- description: What it holds,
--     and more: of it.
-- key: a, b
-- error known: status in ('x')
-- warn late: at is not null
select 1 -- not: the header
;
`)
	if err != nil {
		t.Fatal(err)
	}
	if statement != "select 1 -- not: the header\n" {
		t.Errorf("the statement is %q", statement)
	}
	want := sqlfile.Header{
		{Key: "description", Value: "What it holds, and more: of it."},
		{Key: "key", Value: "a, b"},
		{Key: "error", Name: "known", Value: "status in ('x')"},
		{Key: "warn", Name: "late", Value: "at is not null"},
	}
	if !slices.Equal(header, want) || !slices.Equal(header.List("key"), []string{"a", "b"}) || header.Value("none") != "" {
		t.Errorf("the header is %+v", header)
	}
	for _, text := range []string{"-- key: a", "-- nothing said\nselect 1", "--\nselect 1"} {
		if header, _, err := sqlfile.Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, header)
		}
	}
}
