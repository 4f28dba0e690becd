package lake_test

import (
	"reflect"
	"slices"
	"testing"

	"mercado/internal/lake"
)

func spansOf(t *testing.T, texts ...string) []lake.Span {
	t.Helper()
	var spans []lake.Span
	for i := 0; i < len(texts); i += 2 {
		var span lake.Span
		if err := span.From.UnmarshalText([]byte(texts[i])); err != nil {
			t.Fatal(err)
		}
		if err := span.To.UnmarshalText([]byte(texts[i+1])); err != nil {
			t.Fatal(err)
		}
		spans = append(spans, span)
	}
	return spans
}

func TestPartsAreReadForTheDaysAskedFor(t *testing.T) {
	t.Parallel()
	key := func(date string) lake.Part {
		return lake.Part{Key: "table=sales/date=" + date + "/run=x/part-1.parquet"}
	}
	parts := []lake.Part{key("2026-01"), key("2026-02"), key("2026-03-01"), key("2026-03-02")}
	wanted := spansOf(t, "2026-01-30", "2026-02-10", "2026-02-11", "2026-03-02")
	got, err := lake.Choose(parts, wanted)
	if err != nil {
		t.Fatal(err)
	}
	want := []lake.HistoryPart{
		{Part: parts[0], Days: spansOf(t, "2026-01-30", "2026-02-01")},
		{Part: parts[1], Days: spansOf(t, "2026-02-01", "2026-02-10", "2026-02-11", "2026-03-01")},
		{Part: parts[2]},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("chose %+v", got)
	}
	if got, err = lake.Choose(parts, spansOf(t, "2026-02-01", "2026-03-01")); err != nil || len(got) != 1 || got[0].Days != nil {
		t.Errorf("of a whole month it chose %+v, %v", got, err)
	}
	if _, err := lake.Choose([]lake.Part{{Key: "no-date"}}, wanted); err == nil {
		t.Error("a part without a date was chosen")
	}
}

func TestDaysWithoutOthers(t *testing.T) {
	t.Parallel()
	got := lake.Without(spansOf(t, "2026-01-01", "2026-01-10", "2026-02-01", "2026-02-03"),
		append(spansOf(t, "2025-12-01", "2026-01-02", "2026-01-04", "2026-01-05"), lake.Span{From: lake.DayOfID(20260202), To: lake.LastDay}))
	want := spansOf(t, "2026-01-02", "2026-01-04", "2026-01-05", "2026-01-10", "2026-02-01", "2026-02-02")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

// Two executions that read the same files, one of them for fewer days, do not read the same.
func TestDigestOfWhatIsReadKnowsTheDays(t *testing.T) {
	t.Parallel()
	whole := []lake.HistoryPart{{Part: lake.Part{SHA256: "a"}}, {Part: lake.Part{SHA256: "b"}}}
	less := slices.Clone(whole)
	less[1].Days = []lake.Span{{From: 20000, To: 20001}}
	digests := map[string]bool{lake.PartsDigest(whole): true, lake.PartsDigest(less): true, lake.PartsDigest(whole[:1]): true}
	if len(digests) != 3 {
		t.Errorf("three different readings have %d digests", len(digests))
	}
}
