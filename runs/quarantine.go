package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// Quarantine finds the rows that broke a rule of zone clean.
type Quarantine struct {
	Shop    *store.DB
	Store   *lake.Store
	Models  *model.Set
	Scratch string // folder for files while they are read: see etl.OpenScratch
}

// Scratch is the folder in which processes have folders of their own for files on their way.
func Scratch(e settings.Environment) string { return filepath.Join(e.Home, "scratch", "etl") }

// QuarantineFilter says which rows are asked for; what is nil does not matter.
type QuarantineFilter struct {
	Run   *uuid.UUID
	Table *string
	Rule  *string
	Day   *time.Time // one that the run loads

	// AllRuns asks for the rows of all loads, and not of those alone that stand. A run that is named is shown anyway.
	AllRuns bool

	After *QuarantineKey
	Most  int
}

// QuarantineKey is the place of a row in the list: newest run first, then by table.
type QuarantineKey struct {
	At    time.Time
	Run   uuid.UUID
	Table string
	Row   int64 // number of the row among those of its table
}

// QuarantinedRow is a row that broke rules, and stayed out of everything that follows.
type QuarantinedRow struct {
	RunID     uuid.UUID    `json:"run_id"`
	Execution int          `json:"execution"`
	Table     string       `json:"table" doc:"Of zone clean."`
	Rules     []BrokenRule `json:"rules" doc:"All that it broke."`
	Row       lake.Row     `json:"row" doc:"The row as zone clean would have had it, by column."`
	Hidden    []string     `json:"hidden" doc:"Columns with personal data that are shown as null to whoever may not read customers."`

	Key QuarantineKey `json:"-"`
}

// BrokenRule is a rule and the condition, in SQL, that a row has to meet.
type BrokenRule struct {
	Rule      string `json:"rule"`
	Condition string `json:"condition" doc:"What every row meets, as the model's header has it."`
}

// List gives the rows that a filter asks for, of loads that stand unless all are asked for: of a table copied whole the
// last load of everything that was published, of a table of days each day's last that was published. Those of a run
// whose files are gone are left out.
func (q *Quarantine) List(ctx context.Context, filter QuarantineFilter) ([]QuarantinedRow, error) {
	folder, release, err := etl.OpenScratch(q.Scratch)
	if err != nil {
		return nil, err
	}
	defer release()
	subjects, err := subjects()
	if err != nil {
		return nil, err
	}
	rows := []QuarantinedRow{}
	after := filter.After
	all := filter.AllRuns || filter.Run != nil
	const page = 50
	for {
		asked := shopdb.RejectedStepsParams{RunID: filter.Run, TableName: filter.Table, Day: filter.Day, AllRuns: all, Subjects: subjects, RowLimit: page}
		if after != nil {
			asked.AtTime, asked.AtID, asked.AtTable = &after.At, &after.Run, &after.Table
		}
		steps, err := q.Shop.RejectedSteps(ctx, asked)
		if err != nil {
			return nil, fmt.Errorf("list what is in quarantine: %w", err)
		}
		for _, step := range steps {
			if all {
				step.FirstDays, step.LastDays = nil, nil
			}
			from := int64(0)
			if after != nil && after.Run == step.RunID && after.Table == step.TableName {
				from = after.Row + 1
			}
			if rows, err = q.read(ctx, folder, step, from, filter, rows); err != nil || len(rows) >= filter.Most {
				return rows, err
			}
		}
		if len(steps) < page {
			return rows, nil
		}
		last := steps[page-1]
		after = &QuarantineKey{At: last.StartedAt, Run: last.RunID, Table: last.TableName + "\x01"}
	}
}

// read adds the rows of a table, from one on, that a filter asks for. Files go to folder.
func (q *Quarantine) read(
	ctx context.Context, folder string, step shopdb.RejectedStepsRow, from int64, filter QuarantineFilter, rows []QuarantinedRow,
) (_ []QuarantinedRow, err error) {
	clean := model.Table{Zone: lake.Clean, Name: step.TableName}
	made := lake.Output{Zone: lake.Clean, Table: step.TableName, RunID: step.RunID.String(), Execution: int(step.Execution)}
	manifest, err := q.Store.Committed(ctx, made)
	if err != nil || manifest == nil || (filter.Rule != nil && manifest.Rules[*filter.Rule] == 0) {
		return rows, err
	}
	before := int64(0) // rows of the parts that have been read
	for i, part := range manifest.Quarantine {
		if from >= before+part.Rows {
			before += part.Rows
			continue
		}
		path := filepath.Join(folder, fmt.Sprint(i))
		if err := q.Store.Download(ctx, lake.Clean, part, path); err != nil {
			var object *lake.ObjectError
			if errors.As(err, &object) && object.Missing {
				return rows, nil
			}
			return rows, err
		}
		err := lake.ReadRows(path, max(0, from-before), func(number int64, row lake.Row) bool {
			found := QuarantinedRow{
				RunID: step.RunID, Execution: int(step.Execution), Table: step.TableName, Rules: q.rules(clean, row), Row: row, Hidden: []string{},
				Key: QuarantineKey{At: step.StartedAt, Run: step.RunID, Table: step.TableName, Row: before + number},
			}
			delete(row, "broken_rules")
			if !q.standsOn(clean, row, step) {
				return true
			}
			if filter.Rule == nil || slices.ContainsFunc(found.Rules, func(r BrokenRule) bool { return r.Rule == *filter.Rule }) {
				rows = append(rows, found)
			}
			return len(rows) < filter.Most
		})
		if err != nil || len(rows) >= filter.Most {
			return rows, err
		}
		before += part.Rows
	}
	return rows, nil
}

// subjects says of each table, as JSON, whose days it is of.
func subjects() (json.RawMessage, error) {
	sources, err := extract.Sources()
	if err != nil {
		return nil, err
	}
	of := map[string]string{}
	for _, source := range sources {
		of[source.Table] = source.Subject
	}
	return json.Marshal(of)
}

// standsOn tells whether the row's day is one of the step's. A row that does not say its day stands as long as any does,
// and one of a table without days, too.
func (q *Quarantine) standsOn(table model.Table, row lake.Row, step shopdb.RejectedStepsRow) bool {
	found, err := q.Models.Get(table)
	if err != nil || len(step.FirstDays) == 0 {
		return true
	}
	at, said := row[found.Partition].(time.Time)
	if !said {
		return true
	}
	for i := range step.FirstDays {
		if !at.Before(step.FirstDays[i]) && at.Before(step.LastDays[i]) {
			return true
		}
	}
	return false
}

func (q *Quarantine) rules(table model.Table, row lake.Row) []BrokenRule {
	broken := []BrokenRule{}
	names, _ := row["broken_rules"].([]any)
	found, _ := q.Models.Get(table)
	for _, name := range names {
		rule := BrokenRule{Rule: fmt.Sprint(name)}
		if found != nil {
			for _, check := range found.Checks {
				if check.Name == rule.Rule {
					rule.Condition = check.Condition
				}
			}
		}
		broken = append(broken, rule)
	}
	return broken
}

// HidePersonal takes out what the model of the row's table says is personal, and names it.
func (q *Quarantine) HidePersonal(row *QuarantinedRow) {
	found, err := q.Models.Get(model.Table{Zone: lake.Clean, Name: row.Table})
	for name := range row.Row {
		known := err == nil && slices.ContainsFunc(found.Columns, func(c model.Column) bool { return c.Name == name && !c.Personal() })
		if !known { // by this release of the model
			row.Row[name] = nil
			row.Hidden = append(row.Hidden, name)
		}
	}
	slices.Sort(row.Hidden)
}
