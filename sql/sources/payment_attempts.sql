-- description: What was asked of payment providers on the days, and what they answered.
-- subject: events
-- columns: id bigint, payment_id uuid, operation text, idempotency_key text, amount numeric(18,2),
--     currency char, outcome text, decline_code text, provider_reference text,
--     occurred_at timestamptz
-- column idempotency_key: Under which the provider was asked, however often.
-- column provider_reference: What the provider calls it.
select a.*
from ordering.payment_attempts as a
where a.occurred_at >= current_setting('lake.from')::timestamptz
    and a.occurred_at < current_setting('lake.to')::timestamptz
