package etl_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"

	"mercado/internal/lake/catalogue"
	"mercado/internal/store"
	"mercado/workflows"
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
	p.documented(id)

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
	snapshot, err := p.Store.Snapshot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	extracted := "extracted " + snapshot.ExtractedAt.Format(time.RFC3339)
	if at := list.Items[1].ExtractedAt; at == nil || !at.Equal(snapshot.ExtractedAt) || !strings.Contains(strings.Join(strings.Fields(stdout), " "), extracted) {
		t.Errorf("of the run %s, etl status says %v and %s", extracted, at, stdout)
	}
	if code != 0 || !strings.Contains(stdout, "reconcile") || !strings.Contains(stdout, "stock_ledger") {
		t.Errorf("etl status of a run: code %d, said %q", code, stdout)
	}
	if t.Failed() {
		t.Log(stdout)
	}
	p.documented(id) // the later load is rolled back
	p.backfilledByCommand()
}

// documented has the catalogue written, with the last loads: those of a run that has loaded 2026-03-01.
func (p *pipeline) documented(run string) {
	t := p.t
	t.Helper()
	folder := t.TempDir()
	stdout, stderr, code := p.ran("lake", "docs", "--loads", "--folder", folder)
	if want := " tables in " + folder; code != 0 || !strings.HasSuffix(stdout, want) {
		t.Fatalf("lake docs --loads: code %d, printed %q, said %s", code, stdout, stderr)
	}
	pages := os.DirFS(folder)
	for name, want := range map[string]string{
		"warehouse/sales.md": p.text("select count(*) from warehouse.sales") + " rows of the days 2026-03-01 to 2026-03-02 (exclusive), and of others that had changed",
		"clean/customers.md": p.text("select count(*) from identity.customers") + " rows",
	} {
		page, err := fs.ReadFile(pages, name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "\n| last load | "+want+" |\n| fresh as of | 20") || !strings.Contains(string(page), " UTC, run `"+run+"` |\n") {
			t.Errorf("lake docs --loads does not say in %s of run %s that it made %s:\n%.1200s", name, run, want, page)
		}
	}
	for _, file := range []string{catalogue.Index, catalogue.Document} {
		if _, err := fs.Stat(pages, file); err != nil {
			t.Error(err)
		}
	}
}

// backfilledByCommand loads two months on the command line, and looks in Temporal for what has become of it.
func (p *pipeline) backfilledByCommand() {
	t := p.t
	stdout, stderr, code := p.ran("etl", "backfill", "--from", "2026-02-28", "--to", "2026-03-02", "--parallel", "1")
	if code != 0 {
		t.Fatalf("etl backfill: code %d, printed %q, said %s", code, stdout, stderr)
	}
	loaded := p.text(`select string_agg(concat_ws(' ', id, interval_from, interval_to, state), e'\n' order by interval_from)
		from etl.runs where trigger = 'backfill'`)
	if stdout != loaded || strings.Count(stdout, " succeeded") != 2 {
		t.Errorf("etl backfill printed\n%s\nand has loaded\n%s", stdout, loaded)
	}
	// One that has not come to its end says what it need not load again.
	p.exec("update etl.runs set state = 'failed', published_execution = null where trigger = 'backfill' and scope = 'all'")
	stdout, stderr, code = p.ran("etl", "backfill", "--from", "2026-02-28", "--to", "2026-03-02")
	if lines := strings.Split(stdout, "\n"); code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], "1 of 2 months were loaded before") ||
		!strings.HasSuffix(lines[1], " 2026-03-01 2026-03-02 succeeded") {
		t.Errorf("etl backfill asked for again: code %d, printed %q, said %s", code, stdout, stderr)
	}
	stdout, stderr, code = p.ran("etl", "backfill", "--from", "2026-02-27", "--to", "2026-02-28")
	line, note, _ := strings.Cut(stdout, "\n")
	id, _, _ := strings.Cut(line, " ")
	if code != 0 || !strings.HasSuffix(line, " succeeded") || !strings.Contains(note, "sales_metrics stay as of 2026-03-01, ") {
		t.Errorf("etl backfill of earlier days: code %d, printed %q, said %s", code, stdout, stderr)
	}
	if stdout, stderr, code := p.ran("etl", "replay", id, "--from", "work"); code != 0 || stdout != id+" succeeded\n"+note {
		t.Errorf("etl replay of earlier days: code %d, printed %q, said %s", code, stdout, stderr)
	}
	if stdout, _, _ := p.ran("etl", "status", id); !strings.Contains(stdout, note) {
		t.Errorf("etl status of a load of earlier days printed %q", stdout)
	}
	told, err := p.temporal.DescribeWorkflowExecution(t.Context(), workflows.BackfillID(p.queue(), span(t, "2026-02-28", "2026-03-02")), "")
	if err != nil {
		t.Fatal(err)
	}
	if status := told.GetWorkflowExecutionInfo().GetStatus(); status != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		t.Errorf("the workflow of the backfill is %s", status)
	}
	p.same(warehouseRevenue, shopRevenue)
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
		{"etl run --from 0226-03-01 --to 2026-03-02", 2, `--from "0226-03-01": want no day before 2000-01-01`},
		{"etl run --to 2026-03-02", 2, "--to \"2026-03-02\": needs from"},
		{"etl run --tz Atlantis", 2, "Atlantis"},
		{"etl run --etl-tries 0", 2, "MERCADO_ETL_TRIES"},
		{"etl replay 7 --from clean", 2, `"7"`},
		{"etl replay 01932b6e-0000-7000-8000-000000000000 --from lunch", 2, "lunch"},
		{"etl rollback --with-newer", 2, "--with-newer"},
		{"etl backfill --from 2026-01-01 --to 2026-03-01 --parallel 0", 2, "--parallel"},
		{"etl backfill --from 2026-03-01 --to 2026-01-01", 2, "2026-01-01"},
		{"etl backfill --from 1999-12-31 --to 2000-02-01", 2, `--from "1999-12-31": want no day before 2000-01-01`},
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
