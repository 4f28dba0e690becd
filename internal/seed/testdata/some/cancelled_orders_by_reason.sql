select cancel_reason from ordering.orders where status = 'cancelled' group by cancel_reason having count(*) >= 5
