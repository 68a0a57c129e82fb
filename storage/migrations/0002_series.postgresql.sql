create index ticks_time on ticks using brin (time);

create index risk_snapshots_time on risk_snapshots using brin (event_time);

create view bars as
select
    run,
    feed,
    symbol,
    date_bin('1 minute', time, timestamptz '2000-01-01 00:00:00+00') as time,
    (array_agg(price order by event_ns, journal_offset, ordinal))[1] as open,
    max(price) as high,
    min(price) as low,
    (array_agg(price order by event_ns desc, journal_offset desc, ordinal desc))[1] as close,
    sum(size) as volume,
    count(*) as count
from ticks
group by 1, 2, 3, 4;
