select id from identity.customers
where joined_at > (select max(order_date) from ordering.orders) - interval '30 days'
