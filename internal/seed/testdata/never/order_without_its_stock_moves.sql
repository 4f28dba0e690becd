select item.order_id, item.item_id, item.committed_qty, sums.committed, item.returned_qty, sums.returned
from ordering.order_items as item
left join (
    select
        reference_id,
        product_id,
        coalesce(-sum(on_hand_delta) filter (where kind = 'commit'), 0) as committed,
        coalesce(sum(on_hand_delta) filter (where kind = 'return'), 0) as returned
    from catalog.stock_ledger
    where reference_type = 'order'
    group by reference_id, product_id
) as sums on sums.reference_id = item.order_id::text and sums.product_id = item.item_id
where item.committed_qty <> coalesce(sums.committed, 0)
    or item.returned_qty <> coalesce(sums.returned, 0)
    or item.reserved_qty <> 0
