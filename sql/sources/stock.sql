-- description: The balance of every product when the extract ran.
-- columns: product_id bigint, on_hand bigint, reserved bigint, updated_at timestamptz
select s.*
from catalog.stock as s
