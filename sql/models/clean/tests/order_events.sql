-- given raw.order_events
select *
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'order.confirmed', '{}', timestamptz '2026-03-01 00:00:00+00'),
    (2, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'shipment.returned_to_sender', '{}', timestamptz '2026-03-01 01:00:00+00'),
    (null, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'order.placed', '{}', timestamptz '2026-03-01 02:00:00+00'),
    (4, null, 'order.placed', '{}', timestamptz '2026-03-01 03:00:00+00'),
    (5, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'Order placed', '{}', timestamptz '2026-03-01 04:00:00+00'),
    (6, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'order.placed', '{}', null)
) as t (id, order_id, type, data, occurred_at)
-- expect
select *
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'order.confirmed', timestamptz '2026-03-01 00:00:00+00'),
    (2, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 'shipment.returned_to_sender', timestamptz '2026-03-01 01:00:00+00')
) as t (id, order_id, type, occurred_at)
-- quarantine id
select *
from (values
    (null, 'id_present'), (4, 'order_present'), (5, 'type_known'), (6, 'occurred_at_present')
) as t (id, rule)
