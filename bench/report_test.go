package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPartsAreKept measures some parts on other occasions: each takes the place of the one before, and
// leaves the others alone.
func TestPartsAreKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results", "shop.json")
	for _, measured := range []partResult{
		{Part: "login", Commit: "1"}, {Part: "checkout", Commit: "1"}, {Part: "products", Commit: "1"}, {Part: "login", Commit: "2"},
	} {
		if err := keep(path, &measured); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := readResults(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, part := range kept.Parts {
		got = append(got, part.Part+" "+part.Commit)
	}
	if want := []string{"checkout 1", "login 2", "products 1"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestTargetsAreMissed(t *testing.T) {
	t.Parallel()
	var r partResult
	r.target("enough", 0.6, atLeast, 0.6)
	r.target("too little", 0.59, atLeast, 0.6)
	r.target("little enough", 1.5, atMost, 1.5)
	r.target("too much", 1.51, atMost, 1.5)
	r.target("not measured", 0, atMost, 1.5)
	r.note("to be known", 0.1)
	if got, want := r.missed(), []string{"too little", "too much", "not measured"}; !slices.Equal(got, want) {
		t.Errorf("missed %q, want %q", got, want)
	}
}

// TestFewSamplesHaveNoP99 prints what there is, by its name.
func TestFewSamplesHaveNoP99(t *testing.T) {
	t.Parallel()
	p99 := 12.5
	var text strings.Builder
	err := printResults(&text, []*partResult{{Part: "checkout", Figures: []row{{Case: "1 at once", Subject: "A", Figure: &figure{
		Sustained: outcome{Rate: 70, Samples: 1000, P50: 3, P95: 8, P99: &p99}, Same: outcome{Rate: 20, Samples: 200, P50: 2, P95: 7},
	}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"12.5", "p95: 7.0"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}
