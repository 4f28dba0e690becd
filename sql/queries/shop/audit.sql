-- name: BeginAudit :exec
-- A run that is begun again, by another attempt, is the same run.
insert into audit.runs (id, trigger, state, workflow_id)
values (@id, @trigger, 'running', sqlc.narg(workflow_id))
on conflict (id) do nothing;

-- name: BeginOrJoinAudit :one
select audit.begin_or_join(@id, @workflow_id)::uuid;

-- name: ForgetAudit :exec
delete from audit.results where run_id = @run_id;

-- name: ForgetAuditResult :exec
delete from audit.results where run_id = @run_id and check_name = @check_name;

-- name: KeepAuditSnapshot :exec
update audit.runs set snapshot_at = @snapshot_at where id = @id;

-- name: KeepAuditResult :exec
insert into audit.results (run_id, check_name, severity, subject, proves, differences, seconds)
values (@run_id, @check_name, @severity, @subject, @proves, @differences, @seconds);

-- name: KeepAuditDifferences :exec
insert into audit.differences (run_id, check_name, position, subject_id, details)
select
    @run_id, @check_name, listed.position, listed.difference ->> 'subject_id',
    listed.difference -> 'details'
from jsonb_array_elements(sqlc.arg(differences)::jsonb) with ordinality as listed (difference, position);

-- name: FinishAudit :exec
with found as (
    select coalesce(sum(results.differences), 0)::bigint as differences
    from audit.results
    where run_id = @id
)

update audit.runs
set
    state = case when found.differences > 0 then 'differences' else 'clean' end,
    differences = found.differences,
    error = null,
    finished_at = clock_timestamp()
from found
where runs.id = @id;

-- name: FailAudit :exec
-- What it had found until then stays.
with found as (
    select coalesce(sum(results.differences), 0)::bigint as differences
    from audit.results
    where run_id = @id
)

update audit.runs
set
    state = case when found.differences > 0 then 'differences' else 'failed' end,
    differences = found.differences,
    error = @error::text,
    finished_at = clock_timestamp()
from found
where runs.id = @id and runs.state = 'running';

-- name: ListAudits :many
-- Newest first by id, which is a UUIDv7.
select *
from audit.runs
where sqlc.narg(before)::uuid is null or id < sqlc.narg(before)
order by id desc
limit @page;

-- name: Audit :one
select * from audit.runs where id = @id;

-- name: LatestAudit :one
select *
from audit.runs
where state <> 'running'
order by started_at desc
limit 1;

-- name: AuditResults :many
select * from audit.results where run_id = @run_id order by check_name;

-- name: AuditDifferences :many
select * from audit.differences where run_id = @run_id order by check_name, position;

-- name: ListStuck :many
-- What waits beyond its limit; limits is a JSON object of seconds.
select waiting.*
from ordering.waiting
where waiting.since < now() - make_interval(secs => (@limits::jsonb ->> waiting.limited_by)::float8)
    and (
        sqlc.narg(after_since)::timestamptz is null
        or (waiting.since, waiting.kind, waiting.id)
        > (sqlc.narg(after_since)::timestamptz, sqlc.narg(after_kind)::text, sqlc.narg(after_id)::text)
    )
order by waiting.since, waiting.kind, waiting.id
limit @page;

-- name: CountStuck :many
select waiting.kind, count(*) as count, min(waiting.since)::timestamptz as oldest
from ordering.waiting
where waiting.since < now() - make_interval(secs => (@limits::jsonb ->> waiting.limited_by)::float8)
group by waiting.kind
order by waiting.kind;

-- name: PaymentsToCompare :many
-- What a provider should have of payments, and have given back. It has a transfer from its arrival,
-- whether the order takes it or it is sent back.
select
    payment.id,
    payment.order_id,
    coalesce(transfer.received_amount, payment.captured_amount)::numeric(18, 2) as taken,
    (payment.refunded_amount + coalesce(transfer.sent_back_amount, 0))::numeric(18, 2) as given_back,
    payment.xid
from ordering.payments as payment
left join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
where payment.provider = @provider
    and payment.id > @after
    and (
        payment.updated_at >= @since
        or exists (
            select
            from ordering.payment_attempts as attempt
            where attempt.payment_id = payment.id and attempt.occurred_at >= @since
        )
    )
order by payment.id
limit @most;

-- name: PaymentIsSettled :one
-- Whether a payment is as it was read, with an answer to all that was asked. A void answers what was
-- asked before it.
select (
    payment.xid = @xid::xid8
    and coalesce(transfer.received_amount, payment.captured_amount) = @taken
    and payment.refunded_amount + coalesce(transfer.sent_back_amount, 0) = @given_back
    and not exists (
        select
        from ordering.payment_attempts as attempt
        where attempt.payment_id = payment.id
            and attempt.operation <> 'lookup'
            and not exists (
                select
                from ordering.payment_attempts as void
                where void.payment_id = payment.id
                    and void.id > attempt.id
                    and void.operation = 'void'
                    and void.outcome = 'approved'
            )
        group by attempt.idempotency_key
        having not bool_or(attempt.outcome in ('approved', 'declined', 'failed'))
    )
)::boolean as settled
from ordering.payments as payment
left join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
where payment.id = @id;
