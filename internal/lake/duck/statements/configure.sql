set memory_limit = {{text .Memory}};
set threads = {{.Threads}};
set temp_directory = {{text .Spill}};
set TimeZone = 'UTC';
set preserve_insertion_order = true;
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set allowed_directories = [{{range $i, $folder := .Folders}}{{if $i}}, {{end}}{{text $folder}}{{end}}];
set enable_external_access = false;
create schema run;
create table run.days (subject varchar, from_day date, to_day date);
create table run.interval (from_day date, to_day date);
create table run.parameters (clv_expected_months bigint, clv_acquisition_cost decimal(18, 2));
-- A quotient of whole numbers, half of the last digit rounded away from zero; null where b is 0.
create macro run.quotient(a, b, unit) as
sign(a) * sign(b) * ((2 * abs(a) * unit + abs(b)) // (2 * nullif(abs(b), 0)));
-- As whole ten-thousandths: all that is divided has four digits after the point at most.
create macro run.whole(a) as (a::decimal(38, 4) * 10000)::hugeint;
create macro ratio(a, b) as
(run.quotient(run.whole(a), run.whole(b), 10000)::decimal(18, 0) * 0.0001::decimal(4, 4))::decimal(18, 4);
create macro money_ratio(a, b) as
(run.quotient(run.whole(a), run.whole(b), 100)::decimal(18, 0) * 0.01::decimal(2, 2))::decimal(18, 2);
