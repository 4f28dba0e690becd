select id from catalog.stock_ledger where kind = 'release' and reason = 'hold expired'
