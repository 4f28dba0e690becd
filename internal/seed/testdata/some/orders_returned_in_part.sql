select id from ordering.orders where status = 'delivered' and payment_status = 'partially_refunded'
