-- Chunks older than a week are compressed; what comes late for them is still taken in, and can be altered and deleted.
alter table ticks set (
    timescaledb.compress, timescaledb.compress_segmentby = 'run, symbol', timescaledb.compress_orderby = 'time, fact, feed'
);

select add_compression_policy('ticks', compress_after => interval '7 days');

alter table risk_snapshots set (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'run, portfolio',
    timescaledb.compress_orderby = 'event_time, id'
);

select add_compression_policy('risk_snapshots', compress_after => interval '7 days');

-- Without a start: a late tick, or the replay of an old recording, is taken into its minute however long ago that was.
select add_continuous_aggregate_policy(
    'bars', start_offset => null, end_offset => interval '10 minutes', schedule_interval => interval '1 minute'
);
