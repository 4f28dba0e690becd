select id from catalog.stock_ledger where kind = 'adjustment' and on_hand_delta < 0
