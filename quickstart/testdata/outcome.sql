select
    (select count(*) from identity.customers),
    (select count(*) from catalog.vendors),
    (select count(*) from catalog.products),
    (select count(*) from ordering.orders where status <> 'cancelled'),
    (select count(*) from etl.runs where state = 'succeeded'),
    (select sum(total_price) from warehouse.sales) = (select sum(total_price) from ordering.order_items)
    and (select count(*) from warehouse.sales) = (select count(*) from ordering.order_items)
