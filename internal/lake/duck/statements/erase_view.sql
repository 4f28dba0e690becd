create view theirs as select *,
    {{if eq .By "order"}}{{name .Column}}::uuid in (select o.order_id from run.orders as o){{else}}{{name .Column}} = {{.Customer}}{{end}} is true as "their own"
from part;
create view erased as
select * replace (
    {{range $i, $column := .Columns}}{{if $i}},
    {{end}}case when "their own" and {{name $column.Name}} is not null then ({{$column.Value}}) else {{name $column.Name}} end::{{$column.Type}} as {{name $column.Name}}{{end}}
)
from theirs;
{{if .Periods}}
-- The periods of one person follow each other without a gap.
create view united as
select * exclude ("begins") replace (
    case when "their own" then coalesce(
        lead({{name .From}}) over periods,
        (select case when count(*) = count(e.{{name .To}}) then max(e.{{name .To}}) end from erased as e where e."their own")
    ) else {{name .To}} end as {{name .To}}
)
from (
    select
        *,
        not "their own" or lag({{name .From}}) over following is null
        or row({{names .Contents}}) is distinct from lag(row({{names .Contents}})) over following as "begins"
    from erased
    window following as (partition by "their own", {{name .Column}} order by {{name .From}})
)
where "begins"
window periods as (partition by "their own", {{name .Column}} order by {{name .From}});
{{end}}
