-- proves: What a shipment that did not arrive was sold for is released or refunded, once and whole.
-- subject: shipment
-- severity: error
select
    shipment.id::text as subject_id,
    jsonb_build_object(
        'order_id', shipment.order_id, 'status', shipment.status, 'amount', shipment.amount,
        'given_up', coalesce(given.amount, 0), 'refunds', coalesce(given.refunds, 0)
    ) as details
from ordering.shipments as shipment
inner join ordering.payments as payment on payment.order_id = shipment.order_id
left join (
    select shipment_id, sum(amount) as amount, count(*) as refunds
    from ordering.refunds
    where shipment_id is not null and retry_of is null -- asked for again, it is the same money
    group by shipment_id
) as given on given.shipment_id = shipment.id
where payment.provider <> 'history'
    and coalesce(given.amount, 0) <> case
        when shipment.status in ('cancelled', 'lost', 'returned_to_sender') then shipment.amount
        else 0
    end
