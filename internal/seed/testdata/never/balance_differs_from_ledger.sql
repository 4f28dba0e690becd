select stock.product_id, stock.on_hand, stock.reserved, sums.on_hand, sums.reserved
from catalog.stock as stock
left join (
    select product_id, sum(on_hand_delta) as on_hand, sum(reserved_delta) as reserved
    from catalog.stock_ledger
    group by product_id
) as sums on sums.product_id = stock.product_id
where sums.on_hand is distinct from stock.on_hand or sums.reserved is distinct from stock.reserved
