-- description: What customers say of products.
-- grain: one row per review
-- key: id
-- version: updated_at
-- reads: raw.reviews, raw.products, raw.customers
-- column id: Key of the review.
-- column product_id: The product.
-- column customer_id: Who wrote it.
-- column order_id: The order it was bought with; null when not known.
-- column rating: 1, worst, to 5, best.
-- column review_date: When it was written.
-- column is_verified_purchase: Whether the order really held the product.
-- column helpful_votes: Readers who found it helpful.
-- column total_votes: Readers who voted.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error rating_in_range: rating between 1 and 5
-- error votes_in_range: helpful_votes between 0 and total_votes
-- error product_exists: product_id in (select p.id from raw.products as p)
-- error customer_exists: customer_id in (select c.id from raw.customers as c)
-- error verified_has_order: not is_verified_purchase or order_id is not null
select
    r.id,
    r.product_id,
    r.customer_id,
    r.order_id,
    r.rating,
    r.review_date,
    r.is_verified_purchase,
    r.helpful_votes,
    r.total_votes,
    r.updated_at
from raw.reviews as r
