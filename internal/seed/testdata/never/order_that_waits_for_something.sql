select id, status, payment_status
from ordering.orders
where status not in ('delivered', 'cancelled', 'returned')
    or payment_status not in ('completed', 'failed', 'partially_refunded', 'refunded')
