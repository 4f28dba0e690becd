create table run.orders (order_id uuid);
{{if .Orders}}insert into run.orders values {{range $i, $order := .Orders}}{{if $i}}, {{end}}({{text $order.String}}){{end}};
{{end}}create view part as select * from read_parquet({{text .In}}, hive_partitioning = false);
