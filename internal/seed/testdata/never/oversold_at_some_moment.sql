select product_id, id, on_hand, reserved
from (
    select
        product_id,
        id,
        sum(on_hand_delta) over moments as on_hand,
        sum(reserved_delta) over moments as reserved
    from catalog.stock_ledger
    window moments as (partition by product_id order by occurred_at, id)
) as running
where on_hand < 0 or reserved < 0 or reserved > on_hand
