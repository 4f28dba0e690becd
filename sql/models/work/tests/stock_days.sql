-- days stock: 2026-03-01 2026-03-04
-- days stock: 2026-03-10 2026-03-11
-- given clean.stock_opening
select * from (values
    (date '2026-03-01', 1, 10, 2), (date '2026-03-10', 1, 30, 0), (date '2026-03-10', 2, 5, 1)
) as t (opening_day, product_id, on_hand, reserved)
-- given clean.stock_ledger
select * from (values
    (1, timestamptz '2026-03-01 23:59:59.999999+00', -3, -2),
    (1, timestamptz '2026-03-03 00:00:00+00', 20, 0),
    (1, timestamptz '2026-03-03 12:00:00+00', -1, 0),
    (1, timestamptz '2026-03-03 13:00:00+00', 0, 4),
    (2, timestamptz '2026-03-02 08:00:00+00', 5, 0)
) as t (product_id, occurred_at, on_hand_delta, reserved_delta)
-- expect
-- The second product begins on the second day; a quiet day keeps its balance.
select day, day::timestamptz as day_start, product_id, opening, units_in, units_out, closing, reserved_delta, reserved
from (values
    (date '2026-03-01', 1, 10, 0, 3, 7, -2, 0),
    (date '2026-03-02', 1, 7, 0, 0, 7, 0, 0),
    (date '2026-03-02', 2, 0, 5, 0, 5, 0, 0),
    (date '2026-03-03', 1, 7, 20, 1, 26, 4, 4),
    (date '2026-03-03', 2, 5, 0, 0, 5, 0, 0),
    (date '2026-03-10', 1, 30, 0, 0, 30, 0, 0),
    (date '2026-03-10', 2, 5, 0, 0, 5, 0, 1)
) as t (day, product_id, opening, units_in, units_out, closing, reserved_delta, reserved)
