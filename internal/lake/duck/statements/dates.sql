select distinct
    date_trunc({{text .Unit}}, {{name .Partition}})::date as from_day,
    (date_trunc({{text .Unit}}, {{name .Partition}}) + interval 1 {{.Unit}})::date as to_day
from result
where {{.Where}}
order by from_day
