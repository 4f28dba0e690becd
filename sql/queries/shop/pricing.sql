-- name: TaxTable :one
select ordering.tax_table()::jsonb as rates;

-- name: ReplaceTaxTable :exec
select ordering.replace_tax_table(@rates, @only_when_empty);

-- name: ShippingTable :one
select ordering.shipping_table()::jsonb as zones;

-- name: ReplaceShippingTable :exec
select ordering.replace_shipping_table(@zones, @only_when_empty);
