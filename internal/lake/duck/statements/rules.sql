select rule, count(*)
from (select unnest(broken_rules) as rule from result)
group by rule
