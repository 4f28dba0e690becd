-- proves: The ledger of a product's stock adds up to what is on hand and what is reserved.
-- subject: product
-- severity: error
with ledger as (
    select
        product_id,
        sum(on_hand_delta)::bigint as on_hand,
        sum(reserved_delta)::bigint as reserved
    from catalog.stock_ledger
    group by product_id
)

select
    coalesce(stock.product_id, ledger.product_id)::text as subject_id,
    jsonb_build_object(
        'on_hand', coalesce(stock.on_hand, 0), 'ledger_on_hand', coalesce(ledger.on_hand, 0),
        'reserved', coalesce(stock.reserved, 0), 'ledger_reserved', coalesce(ledger.reserved, 0)
    ) as details
from catalog.stock as stock
full join ledger on ledger.product_id = stock.product_id
where coalesce(stock.on_hand, 0) <> coalesce(ledger.on_hand, 0)
    or coalesce(stock.reserved, 0) <> coalesce(ledger.reserved, 0)
