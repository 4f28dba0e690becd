-- proves: What a product's stock moved on each day is what its ledger says of the day.
-- subject: product
-- severity: error
with ledger as (
    select
        product_id,
        (occurred_at at time zone 'utc')::date as day,
        sum(greatest(on_hand_delta, 0))::bigint as units_in,
        sum(greatest(-on_hand_delta, 0))::bigint as units_out,
        sum(reserved_delta)::bigint as reserved_delta
    from catalog.stock_ledger
    group by 1, 2
)

select
    coalesce(ledger.product_id, known.product_id)::text as subject_id,
    jsonb_build_object(
        'day', coalesce(ledger.day, known.day),
        'units_in', coalesce(known.units_in, 0), 'ledger_units_in', coalesce(ledger.units_in, 0),
        'units_out', coalesce(known.units_out, 0), 'ledger_units_out', coalesce(ledger.units_out, 0),
        'reserved', coalesce(known.reserved_delta, 0), 'ledger_reserved', coalesce(ledger.reserved_delta, 0)
    ) as details
from ledger
full join catalog.stock_days as known
    on known.product_id = ledger.product_id and known.day = ledger.day
where coalesce(known.units_in, 0) <> coalesce(ledger.units_in, 0)
    or coalesce(known.units_out, 0) <> coalesce(ledger.units_out, 0)
    or coalesce(known.reserved_delta, 0) <> coalesce(ledger.reserved_delta, 0)
