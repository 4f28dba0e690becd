-- description: The stock of each product on each day, quiet days included.
-- grain: one row per product and day
-- key: date_id, item_id
-- partition: day_start
-- subject: stock
-- reads: work.stock_days
-- totals: opening, units_in, units_out, closing, reserved
-- column date_id: The day, UTC, as yyyymmdd, see date.
-- column day_start: The day's first instant.
-- column item_id: The product, see inventory.
-- column opening: Units on the shelf when the day began.
-- column units_in: Units put on the shelf.
-- column units_out: Units taken off the shelf.
-- column closing: Units on the shelf when the day ended.
-- column reserved: Units of those that carts and orders held when the day ended.
-- error balance_not_negative: closing >= 0
-- error balance_adds_up: closing = opening + units_in - units_out
-- warn not_oversold: reserved between 0 and closing
select
    strftime(d.day, '%Y%m%d')::integer as date_id,
    d.day_start,
    d.product_id as item_id,
    d.opening,
    d.units_in,
    d.units_out,
    d.closing,
    d.reserved
from work.stock_days as d
