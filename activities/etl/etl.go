// Package etl does what the daily pipeline asks for: an activity a step, most of them a table at
// a time. Each may be tried again at any point: its output exists when its manifest does, and
// what exists is returned and not made twice.
package etl

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store"
	"mercado/internal/warehouse"
)

// Activities holds what the steps work with.
type Activities struct {
	Shop      *store.DB
	Copies    *store.DB // the shop for extracts: a copy must not keep a statement of another step waiting
	Warehouse *warehouse.DB
	Store     *lake.Store
	Models    *model.Set
	Engine    model.Engine
	Scratch   string // folder for files on their way, of this process alone: see OpenScratch

	Parameters lake.Parameters // that a run is frozen with
}

// Step is one of the seven steps of a run.
type Step string

// The steps, in the order they run.
const (
	Extract   Step = "extract"
	Clean     Step = "clean"
	Work      Step = "work"
	Gold      Step = "gold"
	Stage     Step = "stage"
	Reconcile Step = "reconcile"
	Publish   Step = "publish"
)

// Steps in the order they run.
var Steps = []Step{Extract, Clean, Work, Gold, Stage, Reconcile, Publish}

// At is the place of the step in the order, or -1.
func (s Step) At() int { return slices.Index(Steps, s) }

// Run names an execution of a run, and the days the run is about.
type Run struct {
	ID        uuid.UUID `json:"id"`
	Execution int       `json:"execution"` // 1 for the run itself, 2 and up for its replays
	Interval  lake.Span `json:"interval"`
	FactsOnly bool      `json:"facts_only,omitempty"` // what is replaced by days; not what is copied whole, nor metrics
}

func (r Run) String() string {
	return fmt.Sprintf("run %s of %s to %s", r.ID, r.Interval.From, r.Interval.To)
}

// Plan is what an execution does.
type Plan struct {
	WaitsFor   string              `json:"waits_for,omitempty"` // maintenance that must end before it may begin: ask again
	Attempt    int                 `json:"attempt"`
	Unrecorded bool                `json:"unrecorded"` // a replay that began while the shop was away
	Waves      map[Step][][]string `json:"waves"`      // tables of each transforming step; those of a wave are independent
	Gold       []string            `json:"gold"`       // tables to stage and publish
	Executions map[lake.Zone]int   `json:"executions"` // which execution's output of each zone is read
}

// TableStep is a step of one table.
type TableStep struct {
	Run        Run               `json:"run"`
	Table      string            `json:"table"`
	Executions map[lake.Zone]int `json:"executions"`
	Recompute  bool              `json:"recompute"` // even what an earlier execution has made of the same
}

// RunStep is a step of all tables.
type RunStep struct {
	Run        Run               `json:"run"`
	Executions map[lake.Zone]int `json:"executions"`
}

// output names what the run made of a table in a zone, by the execution that is to be read.
func output(run Run, executions map[lake.Zone]int, table model.Table) lake.Output {
	return lake.Output{Zone: table.Zone, Table: table.Name, RunID: run.ID.String(), Execution: executions[table.Zone]}
}

// models of a zone that the run makes.
func (a *Activities) models(zone lake.Zone, run Run) []*model.Model {
	return slices.DeleteFunc(a.Models.Zone(zone), func(m *model.Model) bool { return !run.makes(m) })
}

// FactsScope is the scope, as it is on record, of a run of facts only.
const FactsScope = "facts"

// makes tells whether a model is one of the run's. The calendar is only ever added to.
func (r Run) makes(m *model.Model) bool {
	return m.Zone != lake.Gold || !r.FactsOnly || m.Subject != "" || m.Upsert
}

// DayBefore is the UTC days that hold the day before t, in a time zone, whole. A zone that is not
// known is UTC.
func DayBefore(t time.Time, zone string) lake.Span {
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	year, month, day := t.In(location).Date()
	from, to := time.Date(year, month, day-1, 0, 0, 0, 0, location), time.Date(year, month, day, 0, 0, 0, 0, location)
	return lake.Span{From: lake.DayOf(from), To: lake.DayOf(to.Add(-time.Nanosecond)) + 1}
}
