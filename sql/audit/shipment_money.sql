-- proves: Of an order's total is captured and released what its shipments and its payment method say.
-- subject: order
-- severity: error
with due as (
    select
        orders.id,
        orders.payment_method as method,
        sum(shipment.amount) as total,
        case
            when orders.payment_method in ('bank_transfer', 'cash') then sum(shipment.amount)
            when orders.payment_method = 'cash_on_delivery'
                then coalesce(sum(shipment.amount) filter (where shipment.status = 'delivered'), 0)
            else coalesce(
                sum(shipment.amount) filter (
                    where shipment.status in ('shipped', 'delivered', 'lost', 'returned_to_sender')
                ), 0
            )
        end as captured,
        -- The provider's answer is written down before the shipment moves on.
        case
            when orders.payment_method in ('bank_transfer', 'cash') then 0
            when orders.payment_method = 'cash_on_delivery'
                then coalesce(sum(shipment.amount) filter (where shipment.status = 'shipped'), 0)
            else coalesce(sum(shipment.amount) filter (where shipment.status = 'released'), 0)
        end as capturing,
        case
            when orders.payment_method in ('bank_transfer', 'cash') then 0
            when orders.payment_method = 'cash_on_delivery' then coalesce(
                sum(shipment.amount) filter (
                    where shipment.status in ('cancelled', 'lost', 'returned_to_sender')
                ), 0
            )
            else coalesce(sum(shipment.amount) filter (where shipment.status = 'cancelled'), 0)
        end as released
    from ordering.shipments as shipment
    inner join ordering.orders as orders on orders.id = shipment.order_id
    group by orders.id
)

select
    orders.id::text as subject_id,
    jsonb_build_object(
        'status', orders.status, 'method', orders.payment_method, 'total_amount', orders.total_amount,
        'captured', payment.captured_amount, 'captured_due', due.captured,
        'being_captured', due.capturing, 'released', payment.released_amount,
        'released_due', due.released
    ) as details
from ordering.orders as orders
inner join ordering.payments as payment on payment.order_id = orders.id
left join due on due.id = orders.id
where case
    when due.id is not null then payment.captured_amount not between due.captured and due.captured + due.capturing
    -- Nothing is planned yet: transfers and cash were paid with the confirmation.
    when orders.confirmed_at is not null and orders.payment_method in ('bank_transfer', 'cash')
        then payment.captured_amount <> orders.total_amount
    else payment.captured_amount <> 0
end
-- What a history imported was given up before there were releases.
or payment.provider <> 'history' and payment.released_amount <> coalesce(due.released, 0)
