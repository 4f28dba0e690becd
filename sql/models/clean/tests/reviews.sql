-- given raw.products
select 1 as id
-- given raw.customers
select 3 as id
-- given raw.reviews
select id, product_id, customer_id, case when has_order then 'aaaaaaaa-0000-7000-8000-000000000001'::uuid end as order_id,
    rating::smallint as rating, timestamptz '2026-03-01 00:00:00+00' as review_date, is_verified_purchase, helpful_votes,
    2 as total_votes, timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, 1, 3, true, 5, true, 2, 1), (1, 1, 3, true, 1, true, 0, 0), (2, 1, 3, false, 1, false, 0, 0),
    (null, 1, 3, true, 1, true, 0, 0), (3, 1, 3, true, 0, true, 0, 0), (4, 1, 3, true, 6, true, 0, 0),
    (5, 1, 3, true, 1, true, 3, 0), (6, 9, 3, true, 1, true, 0, 0), (7, 1, 9, true, 1, true, 0, 0), (8, 1, 3, false, 1, true, 0, 0)
) as t (id, product_id, customer_id, has_order, rating, is_verified_purchase, helpful_votes, seconds)
-- expect
select id, 1 as product_id, 3 as customer_id, order_id, rating, timestamptz '2026-03-01 00:00:00+00' as review_date,
    is_verified_purchase, helpful_votes, 2 as total_votes, updated_at
from (values
    (1, 'aaaaaaaa-0000-7000-8000-000000000001'::uuid, 5, true, 2, timestamptz '2026-03-01 10:00:01+00'),
    (2, null, 1, false, 0, timestamptz '2026-03-01 10:00:00+00')
) as t (id, order_id, rating, is_verified_purchase, helpful_votes, updated_at)
-- quarantine id
select *
from (values
    (1, 'superseded'), (null, 'id_present'), (3, 'rating_in_range'), (4, 'rating_in_range'), (5, 'votes_in_range'),
    (6, 'product_exists'), (7, 'customer_exists'), (8, 'verified_has_order')
) as t (id, rule)
