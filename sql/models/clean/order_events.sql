-- description: What happened to orders on the run's days.
-- grain: one row per event
-- key: id
-- partition: occurred_at
-- reads: raw.order_events
-- column id: Key of the event; of one order, a later event has a higher one.
-- column order_id: The order, which may be of an earlier day.
-- column type: What happened, as noun.verb: order.confirmed, shipment.shipped, refund.completed.
-- column occurred_at: When it happened.
-- error id_present: id is not null
-- error order_present: order_id is not null
-- error type_known: regexp_full_match(type, '(order|shipment|payment|refund|return)\.[a-z_]+')
-- error occurred_at_present: occurred_at is not null
select
    e.id,
    e.order_id,
    e.type,
    e.occurred_at
from raw.order_events as e
