select item_id from ordering.order_items group by item_id having sum(committed_qty) between 1 and 9
