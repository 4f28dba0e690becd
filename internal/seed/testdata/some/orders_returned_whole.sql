select id from ordering.orders where status = 'returned'
