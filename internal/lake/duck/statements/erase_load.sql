create table run.orders (order_id uuid);
{{if .Orders}}insert into run.orders values {{range $i, $order := .Orders}}{{if $i}}, {{end}}({{text $order.String}}){{end}};
{{end}}
{{if .Given}}create table part as
select{{range $i, $column := .Given.Columns}}{{if $i}},{{end}}
    (given->>{{text $column.Name}})::{{$column.Type}} as {{name $column.Name}}{{end}}
from (select unnest(from_json({{text (printf "%s" .Given.Rows)}}, '["json"]')) as given);
{{else}}create view part as select * from read_parquet({{text .In}}, hive_partitioning = false);
{{end}}