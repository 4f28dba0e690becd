-- proves: Every order has a payment over its total in its currency.
-- subject: order
-- severity: error
select
    orders.id::text as subject_id,
    jsonb_build_object(
        'total_amount', orders.total_amount, 'payment_amount', payment.amount,
        'currency', orders.currency, 'payment_currency', payment.currency
    ) as details
from ordering.orders as orders
left join ordering.payments as payment on payment.order_id = orders.id
where payment.amount is distinct from orders.total_amount
    or payment.currency is distinct from orders.currency
