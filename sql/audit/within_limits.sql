-- proves: No order, payment, shipment, parcel, refund, bank transfer or webhook waits beyond its limit.
-- subject: order
-- severity: error
select
    order_id::text as subject_id,
    jsonb_build_object(
        'kind', kind, 'id', id, 'status', status, 'since', ordering.rfc3339(since), 'waits_for', waits_for
    ) as details
from ordering.waiting
where since < now() - make_interval(secs => (@limits::jsonb ->> limited_by)::float8)
    and order_id is not null -- an import of products moves no money
