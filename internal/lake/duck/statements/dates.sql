select distinct strftime({{name .Partition}}, {{text .Format}}) as date
from result
where {{.Where}}
order by date
