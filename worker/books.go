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

// books tells /metrics what the last audit has found and what is stuck. It reads both from the
// database when asked, so that every worker tells the same, and a new one what the last has seen.
type books struct {
	db     *store.DB
	limits settings.Limits
}

var (
	auditDifferences = prometheus.NewDesc("mercado_audit_differences",
		"Differences that the last audit has found, by check.", []string{"check", "severity"}, nil)
	auditFinished = prometheus.NewDesc("mercado_audit_finished_timestamp_seconds",
		"When the last audit that could be made has ended.", nil, nil)
	auditSucceeded = prometheus.NewDesc("mercado_audit_made",
		"1 when all of the last audit could be made, whatever it has found; 0 when it, or a part of it, failed.", nil, nil)
	stuckCount = prometheus.NewDesc("mercado_stuck",
		"Orders, transfers, shipments, deliveries, refunds, payments, webhooks and imports that wait beyond their limit.", []string{"kind"}, nil)
)

// kindsOfStuck are told with 0 as well, so that an alert can rely on them.
var kindsOfStuck = []string{"order", "transfer", "shipment", "delivery", "refund", "payment", "webhook", "import"}

// Describe implements prometheus.Collector.
func (b *books) Describe(into chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{auditDifferences, auditFinished, auditSucceeded, stuckCount} {
		into <- desc
	}
}

// scrapePatience bounds what a scrape waits for the database.
const scrapePatience = 3 * time.Second

// Collect implements prometheus.Collector. What the database does not tell in time is left out.
func (b *books) Collect(into chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	if err := errors.Join(b.audit(ctx, into), b.stuck(ctx, into)); err != nil {
		slog.Warn("cannot tell the metrics of audit and stuck orders", "error", err)
	}
}

func (b *books) audit(ctx context.Context, into chan<- prometheus.Metric) error {
	last, err := b.db.LatestAudit(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	results, err := b.db.AuditResults(ctx, last.ID)
	if err != nil {
		return err
	}
	made := 1.0
	if last.Error != nil {
		made = 0
	} else {
		into <- prometheus.MustNewConstMetric(auditFinished, prometheus.GaugeValue, float64(last.FinishedAt.Unix()))
	}
	into <- prometheus.MustNewConstMetric(auditSucceeded, prometheus.GaugeValue, made)
	for _, result := range results {
		into <- prometheus.MustNewConstMetric(auditDifferences, prometheus.GaugeValue, float64(result.Differences), result.CheckName, result.Severity)
	}
	return nil
}

func (b *books) stuck(ctx context.Context, into chan<- prometheus.Metric) error {
	rows, err := b.db.CountStuck(ctx, b.limits.Seconds())
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for _, row := range rows {
		counts[row.Kind] = row.Count
	}
	for _, kind := range kindsOfStuck {
		into <- prometheus.MustNewConstMetric(stuckCount, prometheus.GaugeValue, float64(counts[kind]), kind)
	}
	return nil
}
