select refund_id from ordering.refund_items where not restocked
