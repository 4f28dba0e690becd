package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"mercado/internal/settings"
	"mercado/internal/store"
)

// loads tells /metrics how fresh the warehouse is, and how the last load went. Like books it reads that when it is asked.
type loads struct {
	db        *store.DB
	freshness settings.Freshness
}

var (
	loadedUntil = prometheus.NewDesc("mercado_etl_loaded_until_timestamp_seconds",
		"Everything that happened up to then is in the warehouse: the end of the last day that was published.", nil, nil)
	notFresh = prometheus.NewDesc("mercado_etl_not_fresh",
		"1 when what is loaded is older than the limit of this severity, MERCADO_ETL_FRESH_WARN or MERCADO_ETL_FRESH_ERROR.", []string{"severity"}, nil)
	lastLoadState = prometheus.NewDesc("mercado_etl_last_run",
		"1 for the state in which the latest load that has ended did.", []string{"state"}, nil)
	lastLoadRejected = prometheus.NewDesc("mercado_etl_quarantined_rows",
		"Rows that the last published load of a table has put into quarantine.", []string{"table"}, nil)
)

// endStates are told with 0 as well, so that an alert can rely on them.
var endStates = []string{"succeeded", "failed", "cancelled", "rolled_back"}

// Describe implements prometheus.Collector.
func (l *loads) Describe(into chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{loadedUntil, notFresh, lastLoadState, lastLoadRejected} {
		into <- desc
	}
}

// Collect implements prometheus.Collector. What the database does not tell in time is left out.
func (l *loads) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	if err := errors.Join(l.age(ctx, into), l.last(ctx, into), l.rejected(ctx, into)); err != nil {
		slog.Warn("cannot tell the metrics of loads", "error", err)
	}
}

// age tells nothing before the first load.
func (l *loads) age(ctx context.Context, into chan<- prometheus.Metric) error {
	until, err := l.db.LoadedUntil(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	into <- prometheus.MustNewConstMetric(loadedUntil, prometheus.GaugeValue, float64(until.Unix()))
	warn, failed := l.freshness.Passed(until, time.Now())
	into <- prometheus.MustNewConstMetric(notFresh, prometheus.GaugeValue, oneIf(warn), "warn")
	into <- prometheus.MustNewConstMetric(notFresh, prometheus.GaugeValue, oneIf(failed), "error")
	return nil
}

func (l *loads) last(ctx context.Context, into chan<- prometheus.Metric) error {
	run, err := l.db.LastRunEnded(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, state := range endStates {
		into <- prometheus.MustNewConstMetric(lastLoadState, prometheus.GaugeValue, oneIf(state == run.State), state)
	}
	return nil
}

func (l *loads) rejected(ctx context.Context, into chan<- prometheus.Metric) error {
	steps, err := l.db.LastLoads(ctx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step.Step == "clean" {
			into <- prometheus.MustNewConstMetric(lastLoadRejected, prometheus.GaugeValue, float64(step.RowsRejected), step.TableName)
		}
	}
	return nil
}

func oneIf(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
