select review.id
from catalog.reviews as review
left join ordering.orders as orders
    on orders.id = review.order_id and orders.customer_id = review.customer_id
where review.is_verified_purchase
    and (
        orders.actual_delivery is null
        or orders.actual_delivery > review.review_date
        or not exists (
            select from ordering.order_items
            where order_id = orders.id and item_id = review.product_id
        )
    )
