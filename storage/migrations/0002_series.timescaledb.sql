select create_hypertable('ticks', 'time', chunk_time_interval => interval '1 day', create_default_indexes => false);

select create_hypertable(
    'risk_snapshots', 'event_time', chunk_time_interval => interval '1 day', create_default_indexes => false
);

create index ticks_time on ticks (time desc);

create index risk_snapshots_time on risk_snapshots (event_time desc);

-- Not only what was materialised: the newest ticks are added when it is asked, so that it answers as the plain
-- view does. first() and last() order by one value of a scalar type, so moment and place in the journal are
-- joined to bytes that sort as they do.
create materialized view bars
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    run,
    feed,
    symbol,
    time_bucket(interval '1 minute', time) as time,
    first(price, int8send(event_ns) || int8send(journal_offset) || int4send(ordinal)) as open,
    max(price) as high,
    min(price) as low,
    last(price, int8send(event_ns) || int8send(journal_offset) || int4send(ordinal)) as close,
    sum(size) as volume,
    count(*) as count
from ticks
group by 1, 2, 3, 4
with no data;
