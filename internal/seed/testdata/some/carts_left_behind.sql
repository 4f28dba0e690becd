select id from ordering.carts where status = 'abandoned'
