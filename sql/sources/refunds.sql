-- description: Refunds asked for on one of the days.
-- subject: refunds
-- columns: id uuid, order_id uuid, reason text, amount numeric(18,2), currency char, status text,
--     created_at timestamptz, completed_at timestamptz, updated_at timestamptz, kind text,
--     shipping_amount numeric(18,2), shipment_id uuid, return_id uuid, requested_by text,
--     failure text, retry_of uuid
-- column shipping_amount: Of the amount, for shipping.
-- column shipment_id: The shipment that was lost or not sent, if that is why.
-- column return_id: The return it pays for, if that is why.
-- column requested_by: customer, vendor or admin.
-- column failure: Why the provider did not pay it.
-- column retry_of: The failed refund it was asked for again after.
-- person: order order_id
-- keeps: id, order_id, amount, currency, status, created_at, completed_at, updated_at, kind,
--     shipping_amount, shipment_id, return_id, requested_by, failure, retry_of
-- erase reason: ''
select r.*
from ordering.refunds as r
where r.created_at >= current_setting('lake.from')::timestamptz
    and r.created_at < current_setting('lake.to')::timestamptz
