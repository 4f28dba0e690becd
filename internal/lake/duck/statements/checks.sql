select check_name, failures
from (
    {{range .Checks}}select {{text .Name}}, (select count(*) from {{$.From}} where ({{.Condition}}) is not true)
    union all
    {{end}}select 'key_unique', (select count(*) - count(distinct ({{names .Key}})) from {{.From}})
) as counted (check_name, failures)
where failures > 0
