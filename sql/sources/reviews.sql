-- description: What customers say of products.
-- split: catalog.reviews
-- columns: id bigint, product_id bigint, customer_id bigint, order_id uuid, rating smallint,
--     title text, comment text, review_date timestamptz, is_verified_purchase boolean,
--     helpful_votes integer, total_votes integer, version bigint, updated_at timestamptz
-- column title: Personal: heading, in the words of the customer.
-- column comment: Personal: what the customer wrote.
-- column version: Counts the changes of the row.
-- person: customer customer_id
-- keeps: id, product_id, customer_id, order_id, rating, review_date, is_verified_purchase,
--     helpful_votes, total_votes, version, updated_at
-- erase title: ''
-- erase comment: ''
select r.*
from catalog.reviews as r
where r.ctid >= current_setting('lake.first')::tid
    and r.ctid < current_setting('lake.end')::tid
