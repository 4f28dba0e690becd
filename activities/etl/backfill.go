package etl

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
	"mercado/internal/warehouse/warehousedb"
)

// BackfillPlan is the runs of a backfill, by their days. The last loads everything, as of the last day; it
// comes after the others, which load facts alone.
type BackfillPlan struct {
	Runs []Run `json:"runs"`
	Done int   `json:"done"` // months that an earlier backfill of the days, which did not come to its end, has loaded
}

// BackfillName names a backfill by its days.
func BackfillName(days lake.Span) string { return days.From.String() + "_" + days.To.String() }

// PlanBackfill cuts days into months, and leaves out those whose facts an earlier backfill of exactly these
// days has loaded that did not come to its end, with the models as they are, and which the warehouse still has.
func (a *Activities) PlanBackfill(ctx context.Context, days lake.Span) (*BackfillPlan, error) {
	if days.Len() <= 0 {
		return nil, classify(&BadRequest{Problem: fmt.Sprintf("there are no days from %s to %s", days.From, days.To)})
	}
	months := Months(days)
	last := months[len(months)-1]
	rows, err := a.Shop.BackfilledMonths(ctx, shopdb.BackfilledMonthsParams{Backfill: BackfillName(days), ModelVersion: a.Models.Version()})
	if err != nil {
		return nil, fmt.Errorf("look which months are loaded: %w", err)
	}
	var done []lake.Span
	for _, row := range rows {
		done = append(done, lake.Span{From: lake.DayOf(row.IntervalFrom), To: lake.DayOf(row.IntervalTo)})
	}
	plan := &BackfillPlan{}
	for _, month := range months {
		if month != last && slices.Contains(done, month) {
			stands, err := a.stands(ctx, month)
			if err != nil {
				return nil, err
			}
			if stands {
				plan.Done++
				continue
			}
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		plan.Runs = append(plan.Runs, Run{ID: id, Execution: 1, Interval: month, FactsOnly: month != last})
	}
	return plan, nil
}

// stands tells whether the warehouse has every day of every table of facts: it may have been made anew.
func (a *Activities) stands(ctx context.Context, days lake.Span) (bool, error) {
	var facts []string
	for _, m := range a.Models.Zone(lake.Gold) {
		if m.Subject != "" {
			facts = append(facts, m.Name)
		}
	}
	standing, err := a.Warehouse.DaysStanding(ctx, warehousedb.DaysStandingParams{
		Tables: facts, First: days.From.DateID(), Beyond: days.To.DateID(),
	})
	if err != nil {
		return false, fmt.Errorf("look whether the warehouse has %s to %s: %w", days.From, days.To, err)
	}
	return standing == int64(len(facts)*days.Len()), nil
}

// Months cuts days at the borders of calendar months.
func Months(days lake.Span) []lake.Span {
	var months []lake.Span
	for from := days.From; from < days.To; {
		first := from.Time()
		to := min(days.To, lake.DayOf(time.Date(first.Year(), first.Month()+1, 1, 0, 0, 0, 0, time.UTC)))
		months = append(months, lake.Span{From: from, To: to})
		from = to
	}
	return months
}
