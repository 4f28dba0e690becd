-- interval: 2024-02-29 2024-03-01
-- given gold.inventory
select item_id, 7 as vendor_id, 5 as category_id, price::decimal(18, 2) as price, cost::decimal(18, 2) as cost,
    item_id <> 2 as is_active
from (values (1, 10, 6), (2, 0, 0), (3, 3, 4), (4, 5, 1), (5, 5, 1), (6, 5, 1), (7, 5, 1), (8, 5, 1)) as t (item_id, price, cost)
-- given published.sales
-- The last 12 months begin on 1 March 2023, the last 365 days on the 2nd: one of them is a leap day. 2 was never
-- sold; of 8 all orders were cancelled.
select item_id, ordered_at, qty, unit_price::decimal(18, 2) as unit_price, unit_cost::decimal(18, 2) as unit_cost,
    discount::decimal(18, 2) as discount, (qty * unit_price - discount)::decimal(18, 2) as total_price, order_status
from (values
    (1, timestamptz '2023-02-28 23:59:59.999999+00', 50, 10, 6, 0, 'delivered'),
    (1, timestamptz '2023-03-01 00:00:00+00', 4, 10, 6, 0, 'delivered'),
    (1, timestamptz '2023-03-02 00:00:00+00', 45, 9, 6, 5, 'returned'),
    (1, timestamptz '2024-02-29 23:59:59.999999+00', 1, 10, 6, 0, 'pending'),
    (1, timestamptz '2024-02-29 12:00:00+00', 1000, 10, 6, 0, 'cancelled'),
    (3, timestamptz '2022-01-01 12:00:00+00', 49, 3, 4, 0, 'delivered'),
    (4, timestamptz '2024-01-31 12:00:00+00', 50, 5, 1, 0, 'delivered'),
    (5, timestamptz '2024-01-31 12:00:00+00', 9, 5, 1, 0, 'delivered'),
    (6, timestamptz '2024-01-31 12:00:00+00', 10, 5, 1, 0, 'delivered'),
    (7, timestamptz '2024-01-31 12:00:00+00', 99, 5, 1, 0, 'delivered'),
    (8, timestamptz '2024-01-31 12:00:00+00', 99, 5, 1, 0, 'cancelled')
) as t (item_id, ordered_at, qty, unit_price, unit_cost, discount, order_status)
-- given published.refunds
select item_id, amount::decimal(18, 2) as amount, refund_status
from (values (1, 20, 'completed'), (1, 7, 'pending'), (1, 9, 'failed')) as t (item_id, amount, refund_status)
-- given published.stock_daily
select item_id, day_start, closing
from (values
    (1, timestamptz '2023-03-01 00:00:00+00', 100000), (1, timestamptz '2024-02-28 00:00:00+00', 20),
    (1, timestamptz '2024-02-29 00:00:00+00', 9), (3, timestamptz '2024-02-29 00:00:00+00', 10),
    (4, timestamptz '2023-03-02 00:00:00+00', 50), (4, timestamptz '2024-02-29 00:00:00+00', 50),
    (5, timestamptz '2024-02-29 00:00:00+00', 99), (6, timestamptz '2024-02-29 00:00:00+00', 100),
    (7, timestamptz '2024-02-29 00:00:00+00', 49), (8, timestamptz '2024-02-28 00:00:00+00', 0),
    (8, timestamptz '2024-02-29 00:00:00+00', 0)
) as t (item_id, day_start, closing)
-- given clean.reviews
select product_id, rating::smallint as rating, review_date
from (values
    (1, 5, timestamptz '2023-01-01 12:00:00+00'), (1, 4, timestamptz '2024-02-01 12:00:00+00'),
    (1, 4, timestamptz '2024-02-29 23:59:59.999999+00'), (1, 1, timestamptz '2024-03-01 00:00:00+00'),
    (3, 2, timestamptz '2024-02-01 12:00:00+00')
) as t (product_id, rating, review_date)
-- expect
select item_id, 7 as vendor_id, 5 as category_id, item_id <> 2 as is_active, date '2024-02-29' as as_of, price, cost,
    margin_percent, units_sold, revenue, profit, discount, refunds, net_revenue, last_sale, units_365_days,
    average_stock, turnover, stock, units_12_months, months_of_stock, stock_class, sales_class, reviews, average_rating
from (values
    (1, 10.00, 6.00, 40.0000, 100, 955.00, 355.00, 5.00, 20.00, 930.00, date '2024-02-29', 46,
        14.5000, 3.1724, 9, 50, 2.1600, 'Critical', 'Best Seller', 3, 4.3333),
    (2, 0.00, 0.00, null, 0, 0.00, 0.00, 0.00, 0.00, 0.00, null, 0,
        null, null, 0, 0, null, 'Critical', 'No Sales', 0, null),
    (3, 3.00, 4.00, -33.3333, 49, 147.00, -49.00, 0.00, 0.00, 147.00, date '2022-01-01', 0,
        10.0000, 0.0000, 10, 0, null, 'Low', 'Average', 1, 2.0000),
    (4, 5.00, 1.00, 80.0000, 50, 250.00, 200.00, 0.00, 0.00, 250.00, date '2024-01-31', 50,
        50.0000, 1.0000, 50, 50, 12.0000, 'Medium', 'Good', 0, null),
    (5, 5.00, 1.00, 80.0000, 9, 45.00, 36.00, 0.00, 0.00, 45.00, date '2024-01-31', 9,
        99.0000, 0.0909, 99, 9, 132.0000, 'Medium', 'Slow', 0, null),
    (6, 5.00, 1.00, 80.0000, 10, 50.00, 40.00, 0.00, 0.00, 50.00, date '2024-01-31', 10,
        100.0000, 0.1000, 100, 10, 120.0000, 'High', 'Average', 0, null),
    (7, 5.00, 1.00, 80.0000, 99, 495.00, 396.00, 0.00, 0.00, 495.00, date '2024-01-31', 99,
        49.0000, 2.0204, 49, 99, 5.9394, 'Low', 'Good', 0, null),
    (8, 5.00, 1.00, 80.0000, 0, 0.00, 0.00, 0.00, 0.00, 0.00, null, 0,
        0.0000, null, 0, 0, null, 'Critical', 'No Sales', 0, null)
) as t (item_id, price, cost, margin_percent, units_sold, revenue, profit, discount, refunds, net_revenue, last_sale,
    units_365_days, average_stock, turnover, stock, units_12_months, months_of_stock, stock_class, sales_class,
    reviews, average_rating)
