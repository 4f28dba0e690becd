-- proves: A discount counts as many uses as it has orders that were not cancelled.
-- subject: discount
-- severity: error
select
    discounts.id::text as subject_id,
    jsonb_build_object(
        'uses', discounts.uses, 'in_force', coalesce(listed.in_force, 0),
        'orders', coalesce(listed.orders, 0)
    ) as details
from ordering.discounts as discounts
left join (
    select
        taken.discount_id,
        count(*) filter (where taken.given_back_at is null) as in_force,
        count(*) filter (where orders.status <> 'cancelled') as orders,
        bool_or((taken.given_back_at is null) = (orders.status = 'cancelled')) as is_wrong
    from ordering.discount_uses as taken
    inner join ordering.orders as orders on orders.id = taken.order_id
    group by taken.discount_id
) as listed on listed.discount_id = discounts.id
where discounts.uses <> coalesce(listed.in_force, 0) or listed.is_wrong
