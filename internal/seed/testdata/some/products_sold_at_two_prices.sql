select item_id from ordering.order_items group by item_id having count(distinct unit_price) > 1
