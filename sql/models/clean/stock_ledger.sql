-- description: Every change of a balance that counts for one of the run's days.
-- grain: one row per change
-- key: id
-- version: recorded_at
-- partition: occurred_at
-- reads: raw.stock_ledger, raw.products
-- totals: on_hand_delta, reserved_delta
-- column id: Key of the change.
-- column product_id: The product.
-- column kind: initial, restock, adjustment, reserve, release, commit or return.
-- column on_hand_delta: Units put on the shelf; negative when taken off.
-- column reserved_delta: Units put aside; negative when released or sold.
-- column reason: Why, in a word of the shop; never what somebody wrote.
-- column reference_type: cart, order, inventory or import.
-- column reference_id: Key of what caused the change.
-- column occurred_at: When the change counts.
-- column recorded_at: When it was written.
-- error id_present: id is not null
-- error product_exists: product_id in (select p.id from raw.products as p)
-- error kind_known: kind in ('initial', 'restock', 'adjustment', 'reserve', 'release', 'commit', 'return')
-- error changes_something: on_hand_delta <> 0 or reserved_delta <> 0
-- error occurred_at_present: occurred_at is not null
select
    l.id,
    l.product_id,
    l.kind,
    l.on_hand_delta,
    l.reserved_delta,
    nullif(trim(l.reason), '') as reason,
    l.reference_type,
    nullif(l.reference_id, '') as reference_id,
    l.occurred_at,
    l.recorded_at
from raw.stock_ledger as l
