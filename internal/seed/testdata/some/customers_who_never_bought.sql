select id from identity.customers where not exists (select from ordering.orders where customer_id = customers.id)
