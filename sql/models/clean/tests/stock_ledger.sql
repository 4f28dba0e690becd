-- given raw.products
select 1 as id
-- given raw.stock_ledger
select id, product_id, kind, on_hand_delta, reserved_delta, ' ' as reason, 'order' as reference_type, '' as reference_id,
    occurred_at, timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as recorded_at
from (values
    (1, 1, 'commit', -2, -2, timestamptz '2026-03-01 00:00:00+00', 1),
    (1, 1, 'commit', -1, -1, timestamptz '2026-03-01 00:00:00+00', 0),
    (null, 1, 'restock', 1, 0, timestamptz '2026-03-01 00:00:00+00', 0),
    (2, 9, 'restock', 1, 0, timestamptz '2026-03-01 00:00:00+00', 0),
    (3, 1, 'theft', -1, 0, timestamptz '2026-03-01 00:00:00+00', 0),
    (4, 1, 'adjustment', 0, 0, timestamptz '2026-03-01 00:00:00+00', 0),
    (5, 1, 'restock', 1, 0, null, 0)
) as t (id, product_id, kind, on_hand_delta, reserved_delta, occurred_at, seconds)
-- expect
select 1 as id, 1 as product_id, 'commit' as kind, -2 as on_hand_delta, -2 as reserved_delta, null as reason,
    'order' as reference_type, null as reference_id, timestamptz '2026-03-01 00:00:00+00' as occurred_at,
    timestamptz '2026-03-01 10:00:01+00' as recorded_at
-- quarantine id
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (2, 'product_exists'), (3, 'kind_known'), (4, 'changes_something'),
    (5, 'occurred_at_present')
) as t (id, rule)
