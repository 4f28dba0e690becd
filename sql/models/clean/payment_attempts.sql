-- description: What was asked of payment providers on the run's days, and what they answered.
-- grain: one row per question or answer
-- key: id
-- partition: occurred_at
-- reads: raw.payment_attempts
-- totals: amount
-- column id: Key of the row; of one payment, a later row has a higher one.
-- column payment_id: The payment, whose order may be of an earlier day.
-- column operation: What was asked: authorize, capture, void, refund, lookup and so on.
-- column amount: How much it was asked for.
-- column currency: ISO 4217 code of the amount.
-- column outcome: asked, approved, declined, unknown or failed.
-- column decline_code: Why it was declined, in the provider's words.
-- column occurred_at: When it was asked or answered.
-- error id_present: id is not null
-- error payment_present: payment_id is not null
-- error operation_known: operation in
--     ('authorize', 'capture', 'void', 'refund', 'refund_reversal', 'lookup', 'instruct', 'receive',
--     'send_back')
-- error outcome_known: outcome in ('asked', 'approved', 'declined', 'unknown', 'failed')
-- error amount_not_negative: amount >= 0
-- error currency_is_iso: regexp_full_match(currency, '[A-Z]{3}')
-- error occurred_at_present: occurred_at is not null
select
    a.id,
    a.payment_id,
    a.operation,
    a.amount,
    upper(trim(a.currency)) as currency,
    a.outcome,
    nullif(trim(a.decline_code), '') as decline_code,
    a.occurred_at
from raw.payment_attempts as a
