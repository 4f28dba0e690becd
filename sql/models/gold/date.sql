-- description: The calendar of every year the run has facts of.
-- grain: one row per day
-- key: date_id
-- publish: upsert
-- column date_id: The day as yyyymmdd.
-- column date: The day.
-- column year: Calendar year.
-- column quarter: 1 to 4.
-- column month: 1 to 12.
-- column week: ISO week, 1 to 53: weeks begin on Monday, and the first has the year's first Thursday.
-- column day: Day of the month.
-- column weekday: 1, Monday, to 7, Sunday.
-- column weekday_name: Monday, …
-- column is_weekend: Saturdays and Sundays.
with years as (
    select distinct unnest(generate_series(year(d.from_day), year(d.to_day - interval 1 day))) as year
    from run.days as d
),

days as (
    select unnest(generate_series(
        make_date(y.year, 1, 1)::timestamp, make_date(y.year, 12, 31)::timestamp, interval 1 day
    ))::date as date
    from years as y
)

select
    strftime(d.date, '%Y%m%d')::integer as date_id,
    d.date,
    year(d.date)::smallint as year,
    quarter(d.date)::smallint as quarter,
    month(d.date)::smallint as month,
    weekofyear(d.date)::smallint as week,
    day(d.date)::smallint as day,
    isodow(d.date)::smallint as weekday,
    dayname(d.date) as weekday_name,
    isodow(d.date) >= 6 as is_weekend
from days as d
