select distinct {{name .Partition}}::date as day
from result
where {{.Where}}
order by day
