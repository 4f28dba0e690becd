-- description: What happened to orders on the days.
-- subject: events
-- without: data
-- columns: id bigint, order_id uuid, type text, occurred_at timestamptz
select e.*
from ordering.order_events as e
where e.occurred_at >= current_setting('lake.from')::timestamptz
    and e.occurred_at < current_setting('lake.to')::timestamptz
