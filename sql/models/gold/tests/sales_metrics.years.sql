-- interval: 2021-12-31 2022-01-01
-- given published.orders
select ordered_at, 1 as customer_id, 'confirmed' as order_status
from (values
    (timestamptz '2019-12-30 12:00:00+00'), (timestamptz '2020-12-31 12:00:00+00'), (timestamptz '2021-01-03 12:00:00+00'),
    (timestamptz '2021-01-04 12:00:00+00'), (timestamptz '2021-12-31 12:00:00+00')
) as t (ordered_at)
-- given published.sales
select ordered_at, 1 as qty, total_price::decimal(18, 2) as total_price, 'confirmed' as order_status
from (values
    (timestamptz '2019-12-30 12:00:00+00', 5), (timestamptz '2020-12-31 12:00:00+00', 10),
    (timestamptz '2021-01-03 12:00:00+00', 20), (timestamptz '2021-01-04 12:00:00+00', 7),
    (timestamptz '2021-12-31 12:00:00+00', 40)
) as t (ordered_at, total_price)
-- given published.refunds
select timestamptz '2019-12-30 13:00:00+00' as refunded_at, 5.00::decimal(18, 2) as amount, 'completed' as refund_status
-- expect period, period_start, revenue, previous_revenue, growth_percent, seasonality
-- 30 December 2019 belongs to week 1 of 2020, of which nothing was left: no growth from nothing. 3 January 2021
-- belongs to week 53 of 2020, which 2019 does not have. Of four quarters three are the fourth of their year:
-- (0 + 10 + 40) / 3 by 77 / 4, and the first is 27 by 77 / 4.
select *
from (values
    ('day', date '2019-12-30', 0.00, null, null, null),
    ('day', date '2020-12-31', 10.00, null, null, null),
    ('day', date '2021-01-03', 20.00, null, null, null),
    ('day', date '2021-01-04', 7.00, null, null, null),
    ('day', date '2021-12-31', 40.00, 10.00, 300.0000, null),
    ('week', date '2019-12-30', 0.00, null, null, null),
    ('week', date '2020-12-28', 30.00, null, null, null),
    ('week', date '2021-01-04', 7.00, 0.00, null, null),
    ('week', date '2021-12-27', 40.00, null, null, null),
    ('month', date '2019-12-01', 0.00, null, null, null),
    ('month', date '2020-12-01', 10.00, 0.00, null, null),
    ('month', date '2021-01-01', 27.00, null, null, null),
    ('month', date '2021-12-01', 40.00, 10.00, 300.0000, null),
    ('quarter', date '2019-10-01', 0.00, null, null, 0.8658),
    ('quarter', date '2020-10-01', 10.00, 0.00, null, 0.8658),
    ('quarter', date '2021-01-01', 27.00, null, null, 1.4026),
    ('quarter', date '2021-10-01', 40.00, 10.00, 300.0000, 0.8658)
) as t (period, period_start, revenue, previous_revenue, growth_percent, seasonality)
