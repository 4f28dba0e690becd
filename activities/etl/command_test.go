package etl_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/store"
)

func TestCommandsLoadShowAndReplay(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	p.workProcess()

	stdout, stderr, code := p.ran("etl", "run", "--from", "2026-03-01", "--to", "2026-03-02")
	id, state, _ := strings.Cut(stdout, " ")
	if code != 0 || state != "succeeded" || uuid.Validate(id) != nil {
		t.Fatalf("etl run: code %d, said %q, %s", code, stdout, stderr)
	}
	p.same(warehouseRevenue, shopRevenue)

	stdout, stderr, code = p.ran("etl", "replay", id, "--from", "work")
	if code != 0 || stdout != id+" succeeded" {
		t.Fatalf("etl replay: code %d, said %q, %s", code, stdout, stderr)
	}
	stdout, stderr, code = p.ran("etl", "replay", id, "--from", "extract", "--output", "json")
	var run store.Run
	if err := json.Unmarshal([]byte(stdout), &run); err != nil || code != 0 {
		t.Fatalf("etl replay from extract: code %d, said %q, %s", code, stdout, stderr)
	}
	if run.ID.String() == id || run.Attempt != 2 || run.Interval != (store.RunInterval{From: "2026-03-01", To: "2026-03-02"}) {
		t.Errorf("a replay from extract is not a new run of the same days: %+v", run)
	}

	stdout, stderr, code = p.ran("etl", "status", "--output", "json")
	var list struct{ Items []store.Run }
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 {
		t.Fatalf("etl status: code %d, said %q, %s", code, stdout, stderr)
	}
	if len(list.Items) != 2 || list.Items[0].ID != run.ID || list.Items[1].ID.String() != id || len(list.Items[0].Steps) < 30 {
		t.Errorf("etl status lists %+v", list.Items)
	}
	stdout, stderr, code = p.ran("etl", "rollback", id)
	if code != 1 || stdout != "" || !strings.Contains(stderr, run.ID.String()+" has published since") {
		t.Errorf("etl rollback of the run before the latest: code %d, said %q, %s", code, stdout, stderr)
	}
	stdout, stderr, code = p.ran("etl", "rollback")
	if code != 0 || stdout != run.ID.String()+" rolled_back" {
		t.Errorf("etl rollback: code %d, said %q, %s", code, stdout, stderr)
	}
	stdout, _, code = p.ran("etl", "status", id)
	if code != 0 || !strings.Contains(stdout, "reconcile") || !strings.Contains(stdout, "stock_ledger") {
		t.Errorf("etl status of a run: code %d, said %q", code, stdout)
	}
	if t.Failed() {
		t.Log(stdout)
	}
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	for _, test := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"etl run --from 2026-13-01", 2, "2026-13-01"},
		{"etl run --from 2026-03-02 --to 2026-03-02", 2, `--to "2026-03-02"`},
		{"etl run --to 2026-03-02", 2, "--to \"2026-03-02\": needs from"},
		{"etl run --tz Atlantis", 2, "Atlantis"},
		{"etl run --etl-tries 0", 2, "MERCADO_ETL_TRIES"},
		{"etl replay 7 --from clean", 2, `"7"`},
		{"etl replay 01932b6e-0000-7000-8000-000000000000 --from lunch", 2, "lunch"},
		{"etl rollback --with-newer", 2, "--with-newer"},
		{"etl backfill --from 2026-01-01 --to 2026-03-01 --parallel 0", 2, "--parallel"},
		{"etl backfill --from 2026-03-01 --to 2026-01-01", 2, "2026-01-01"},
		{"etl rollback 7", 2, `"7"`},
		{"etl status nothing", 2, `"nothing"`},
		{"etl status 01932b6e-0000-7000-8000-000000000000", 1, "no such run"},
		{"etl run --from 2026-03-01", 1, "mercado worker"}, // nobody works on the queue
	} {
		t.Run(test.arguments, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := p.ran(strings.Fields(test.arguments)...)
			if code != test.code || stdout != "" || !strings.Contains(stderr, test.says) || strings.Count(stderr, "\n") > 1 {
				t.Errorf("code %d, printed %q, said %s", code, stdout, stderr)
			}
		})
	}
}
