package etl_test

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// allThere tells which segment, class, status or method nobody and nothing belongs to: a test of those
// would say nothing.
func (p *pipeline) allThere() {
	p.t.Helper()
	for query, want := range map[string]string{
		"select string_agg(distinct segment, ', ' order by segment) from warehouse.customer_analytics":          "At Risk, Lost, Loyal, New, Regular, VIP",
		"select string_agg(distinct stock_class, ', ' order by stock_class) from warehouse.product_performance": "Critical, High, Low, Medium",
		"select string_agg(distinct sales_class, ', ' order by sales_class) from warehouse.product_performance": "Average, Best Seller, Good, No Sales, Slow",
		"select string_agg(distinct order_status, ', ' order by order_status) from warehouse.orders":            "cancelled, confirmed, delivered, pending, returned, shipped",
		"select string_agg(distinct payment_method, ', ' order by payment_method) from warehouse.orders":        "bank_transfer, card, cash, cash_on_delivery, wallet",
		"select string_agg(distinct payment_status, ', ' order by payment_status) from warehouse.orders":        "authorized, completed, failed, partially_refunded, pending, refunded",
		"select string_agg(distinct cart_status, ', ' order by cart_status) from warehouse.carts":               "abandoned, checked_out, open",
		"select string_agg(distinct refund_status, ', ' order by refund_status) from warehouse.refunds":         "completed, failed, pending",
		"select string_agg(distinct metric, ', ' order by metric) from warehouse.operational_metrics where coalesce(value, amount) > 0": "average_rating, cancellation_rate, cart_abandonment, " +
			"critical_stock, inventory_value, no_sale_90_days, payment_method_share, processing_hours, rated_under_3, rating_by_month",
		"select count(*) > 0 from warehouse.sales_metrics where period = 'quarter' and seasonality is not null and growth_percent is not null": "true",
		"select count(*) > 0 from warehouse.cohorts where months_since > 0 and retention between 0.0001 and 0.9999":                            "true",
	} {
		p.want(query, want)
	}
}

// compare reports every value of a table that is not as counted, and every row too many or missing.
func (p *pipeline) compare(table string, key []string, want counted) {
	p.t.Helper()
	rows, err := p.Shop.Pool.Query(p.t.Context(), "select * from warehouse."+table+" as t", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	compared := 0
	for rows.Next() {
		got := map[string]string{}
		for i, field := range rows.FieldDescriptions() {
			got[field.Name] = "null"
			if value := rows.RawValues()[i]; value != nil {
				got[field.Name] = string(value)
			}
		}
		var parts []string
		for _, column := range key {
			parts = append(parts, got[column])
		}
		name := strings.Join(parts, " ")
		row, counted := want[name]
		if !counted {
			p.t.Errorf("%s has a row %s that nothing accounts for: %v", table, name, got)
			continue
		}
		delete(want, name)
		for column, value := range got {
			compared++
			if row[column] != value {
				p.t.Errorf("%s of %s in %s is %s, counted again %s", column, name, table, value, row[column])
			}
		}
		if len(row) != len(got) {
			p.t.Fatalf("%s has %d columns, %d are counted again", table, len(got), len(row))
		}
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	for _, name := range sortedKeys(want) {
		p.t.Errorf("%s has no row %s", table, name)
	}
	p.t.Logf("%d values of %s", compared, table)
	if compared == 0 {
		p.t.Errorf("%s is empty", table)
	}
}
