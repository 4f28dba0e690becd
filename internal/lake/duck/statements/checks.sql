select check_name, failures
from (
    {{range .Checks}}select {{text .Name}} as check_name, {{.Warn}} as warn, (select count(*) from {{$.From}} where ({{.Condition}}) is not true) as failures
    union all
    {{end}}select 'key_unique', false, (select count(*) - count(distinct ({{names .Key}})) from {{.From}})
)
where failures > 0
