package etl_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// A month that was loaded counts as loaded for the backfill alone that has loaded it, while that has not come to its
// end, and for the models that made it.
func TestBackfillTakesOverNoMonthOfAnotherOrOfOtherModels(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	engine := &failing{Engine: p.Engine}
	p.Engine = engine
	corrected := *p.Activities
	corrected.Models = p.corrected()
	stop := p.work(p.Activities)
	p.exec("select fixture.place(d, 3) from unnest('{2026-01-31,2026-02-03,2026-03-01}'::date[]) as d")
	const from, to = "2026-01-31", "2026-03-02"
	days := span(t, from, to)
	planned := func(by *etl.Activities, days lake.Span, done int) {
		t.Helper()
		plan, err := by.PlanBackfill(t.Context(), days)
		if err != nil || plan.Done != done || plan.Done+len(plan.Runs) != len(etl.Months(days)) {
			t.Errorf("of %s the plan is %+v, %v, want %d months that are loaded", etl.BackfillName(days), plan, err, done)
		}
	}
	february := span(t, "2026-02-01", "2026-03-01")
	engine.days.Store(&february)
	if _, err := p.backfill(from, to, 1); err == nil || !strings.Contains(err.Error(), "made_up") {
		t.Fatalf("the backfill ended with %v", err)
	}
	planned(p.Activities, days, 1)
	planned(p.Activities, span(t, from, "2026-03-03"), 0) // other days
	planned(p.Activities, span(t, "2026-01-30", to), 0)
	planned(&corrected, days, 0)
	stop()

	// A replay from a later step does not make the month anew, whatever models the run is of then.
	january := etl.Run{ID: uuid.MustParse(p.text("select id from etl.runs where interval_from = '2026-01-31'")), Execution: 1, Interval: span(t, from, "2026-02-01"), FactsOnly: true}
	p.work(&corrected)
	if _, err := p.replayUnchanged(january, etl.Publish); err != nil {
		t.Fatal(err)
	}
	p.want(fmt.Sprintf("select state || ' ' || (model_version = '%s') from etl.runs where interval_from = '2026-01-31'", corrected.Models.Version()), "succeeded true")
	planned(&corrected, days, 0)

	// The model that failed is corrected, and so is the month before it.
	engine.days.Store(nil)
	const notCorrected = "select count(*) from warehouse.sales where channel <> 'Web'"
	p.want(notCorrected+" and date_id = 20260131", p.text("select count(*) from warehouse.sales"))
	progress, err := p.backfill(from, to, 2)
	if err != nil || progress.Done != 0 || len(progress.Months) != 3 {
		t.Fatalf("asked for again with other models: %+v, %v", progress, err)
	}
	p.want("select count(distinct date_id) from warehouse.sales", "3")
	p.want(notCorrected, "0")

	// What has come to its end is done, whatever days of it are asked for next, and so are all of them.
	planned(&corrected, days, 0)
	planned(&corrected, span(t, from, "2026-03-01"), 0)
	planned(&corrected, span(t, from, "2026-02-02"), 0)
}

// corrected is the models with another one for sales.
func (p *pipeline) corrected() *model.Set {
	p.t.Helper()
	files := p.modelFiles()
	delete(files, "gold/takings.sql")
	text := string(files["gold/sales.sql"].Data)
	corrected := strings.Replace(text, "    l.channel,\n", "    'Web' as channel,\n", 1)
	if corrected == text {
		p.t.Fatal("there is nothing to correct")
	}
	files["gold/sales.sql"] = &fstest.MapFile{Data: []byte(corrected)}
	set, err := model.Read(files)
	if err != nil {
		p.t.Fatal(err)
	}
	return set
}
