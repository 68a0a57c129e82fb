-- What bars and jumps make of archived ticks: told by the engine, in the order of the journal. All others are accepted.
create table verdicts (
    run text not null,
    journal_offset bigint not null,
    ordinal integer not null,
    fate text not null check (fate in ('late', 'suspect')),
    feed text not null,
    symbol text not null,
    event_ns bigint not null,
    primary key (run, journal_offset, ordinal)
);

comment on column ticks.late is 'always null: see judged_ticks';

create view judged_ticks as
select
    ticks.run, ticks.feed, ticks.symbol, ticks.time, ticks.event_ns, ticks.price, ticks.size, ticks.bid, ticks.ask,
    ticks.side, ticks.identifier, ticks.received_ns, ticks.journal_offset, ticks.ordinal,
    coalesce(verdicts.fate, 'accepted') as fate
from ticks
left join verdicts on verdicts.run = ticks.run
    and verdicts.journal_offset = ticks.journal_offset
    and verdicts.ordinal = ticks.ordinal;
