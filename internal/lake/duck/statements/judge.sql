-- Rows are numbered only where a key is doubled: a window over all of them would keep them all in
-- memory, where the counts of keys go to disk.
create table result as
with answer as not materialized (
{{.Query}}
), doubled as materialized (
select {{names .Key}}
from answer
group by {{names .Key}}
having count(*) > 1
), numbered as (
select *, 1 as number_of_key
from answer as a
where not {{template "is doubled" .Key}}
union all
select
    *,
    row_number() over (
        partition by {{names .Key}}
        order by {{range .Version}}{{name .}} desc, {{end}}{{names .ColumnNames}}
    ) as number_of_key
from answer as a
where {{template "is doubled" .Key}}
)
select
    * exclude (number_of_key),
    list_filter([
        {{range .Errors}}case when ({{.Condition}}) is not true then {{text .Name}} end,
        {{end}}case when number_of_key > 1 then 'superseded' end
    ], rule -> rule is not null) as broken_rules
from numbered
{{define "is doubled"}}exists (
    select 1
    from doubled as d
    where {{range $i, $key := .}}{{if $i}} and {{end}}d.{{name $key}} is not distinct from a.{{name $key}}{{end}}
){{end}}
