-- given raw.payment_attempts
select id, payment_id, operation, 'key' as idempotency_key, amount, currency, outcome, decline_code,
    null::varchar as provider_reference, occurred_at
from (values
    (1, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'authorize', 10.00::decimal(18, 2), 'eur', 'asked', null,
        timestamptz '2026-03-01 00:00:00+00'),
    (2, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'authorize', 10.00, 'EUR', 'declined', ' card_declined ',
        timestamptz '2026-03-01 00:00:01+00'),
    (null, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'void', 1.00, 'EUR', 'asked', null,
        timestamptz '2026-03-01 00:00:02+00'),
    (4, null, 'void', 1.00, 'EUR', 'asked', null, timestamptz '2026-03-01 00:00:03+00'),
    (5, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'charge', 1.00, 'EUR', 'asked', null,
        timestamptz '2026-03-01 00:00:04+00'),
    (6, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'void', 1.00, 'EUR', 'perhaps', null,
        timestamptz '2026-03-01 00:00:05+00'),
    (7, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'void', -0.01, 'EUR', 'asked', null,
        timestamptz '2026-03-01 00:00:06+00'),
    (8, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'void', 1.00, 'EURO', 'asked', null,
        timestamptz '2026-03-01 00:00:07+00'),
    (9, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid, 'void', 1.00, 'EUR', 'asked', null, null)
) as t (id, payment_id, operation, amount, currency, outcome, decline_code, occurred_at)
-- expect
select id, 'bbbbbbbb-0000-7000-8000-000000000001'::uuid as payment_id, 'authorize' as operation, 10.00 as amount,
    'EUR' as currency, outcome, decline_code, occurred_at
from (values
    (1, 'asked', null, timestamptz '2026-03-01 00:00:00+00'),
    (2, 'declined', 'card_declined', timestamptz '2026-03-01 00:00:01+00')
) as t (id, outcome, decline_code, occurred_at)
-- quarantine id
select *
from (values
    (null, 'id_present'), (4, 'payment_present'), (5, 'operation_known'), (6, 'outcome_known'),
    (7, 'amount_not_negative'), (8, 'currency_is_iso'), (9, 'occurred_at_present')
) as t (id, rule)
