create table result as
with answer as (
{{.Query}}
)
select
    *,
    list_filter([
        {{range .Errors}}case when ({{.Condition}}) is not true then {{text .Name}} end,
        {{end}}case
            when row_number() over (
                partition by {{names .Key}}
                order by {{range .Version}}{{name .}} desc, {{end}}{{names .ColumnNames}}
            ) > 1 then 'superseded'
        end
    ], rule -> rule is not null) as broken_rules
from answer
