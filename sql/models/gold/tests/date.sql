-- days orders: 2024-02-28 2024-03-02
-- days stock: 2024-12-31 2025-01-01
-- expect
-- The whole leap year and no other: 31 December is the last of the stock's days. The first and the last
-- of it, its leap day, and the rest counted.
select *
from (values
    (20240101, date '2024-01-01', 2024, 1, 1, 1, 1, 1, 'Monday', false),
    (20240229, date '2024-02-29', 2024, 1, 2, 9, 29, 4, 'Thursday', false),
    (20241229, date '2024-12-29', 2024, 4, 12, 52, 29, 7, 'Sunday', true),
    (20241231, date '2024-12-31', 2024, 4, 12, 1, 31, 2, 'Tuesday', false)
) as t (date_id, date, year, quarter, month, week, day, weekday, weekday_name, is_weekend)
union all
select
    strftime(day, '%Y%m%d')::integer, day, 2024, (month(day) + 2) // 3, month(day), strftime(day, '%V')::integer, day(day),
    strftime(day, '%u')::integer, strftime(day, '%A'), strftime(day, '%u') in ('6', '7')
from (select unnest(generate_series(timestamp '2024-01-01', timestamp '2024-12-31', interval 1 day))::date as day)
where strftime(day, '%m%d') not in ('0101', '0229', '1229', '1231')
