-- given work.stock_days
select day, day::timestamptz as day_start, product_id, opening, units_in, units_out, closing, 7 as reserved_delta, reserved
from (values
    (date '2024-02-29', 1, 10, 5, 3, 12, 2), (date '2024-03-01', 1, 12, 0, 0, 12, 12)
) as t (day, product_id, opening, units_in, units_out, closing, reserved)
-- expect
select *
from (values
    (20240229, timestamptz '2024-02-29 00:00:00+00', 1, 10, 5, 3, 12, 2),
    (20240301, timestamptz '2024-03-01 00:00:00+00', 1, 12, 0, 0, 12, 12)
) as t (date_id, day_start, item_id, opening, units_in, units_out, closing, reserved)
