-- proves: The ledger rows of an order add up to what its lines say is reserved, sold and returned.
-- subject: order
-- severity: error
with moved as (
    select
        reference_id as order_id,
        product_id,
        sum(reserved_delta)::bigint as reserved,
        coalesce(-sum(on_hand_delta) filter (where kind = 'commit'), 0)::bigint as committed,
        coalesce(sum(on_hand_delta) filter (where kind = 'return'), 0)::bigint as returned
    from catalog.stock_ledger
    where reference_type = 'order'
    group by reference_id, product_id
),

lines as (
    select
        order_id::text as order_id,
        item_id as product_id,
        sum(reserved_qty)::bigint as reserved,
        sum(committed_qty)::bigint as committed,
        sum(returned_qty)::bigint as returned
    from ordering.order_items
    group by order_id, item_id
)

select
    coalesce(lines.order_id, moved.order_id) as subject_id,
    jsonb_build_object(
        'product_id', coalesce(lines.product_id, moved.product_id),
        'reserved', coalesce(lines.reserved, 0), 'ledger_reserved', coalesce(moved.reserved, 0),
        'committed', coalesce(lines.committed, 0), 'ledger_committed', coalesce(moved.committed, 0),
        'returned', coalesce(lines.returned, 0), 'ledger_returned', coalesce(moved.returned, 0)
    ) as details
from lines
full join moved on moved.order_id = lines.order_id and moved.product_id = lines.product_id
where coalesce(lines.reserved, 0) <> coalesce(moved.reserved, 0)
    or coalesce(lines.committed, 0) <> coalesce(moved.committed, 0)
    or coalesce(lines.returned, 0) <> coalesce(moved.returned, 0)
