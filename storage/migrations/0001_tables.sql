-- Every row of a computation carries its run, so that replays stand beside the live one.
-- Times are timestamptz for ranges and partitions; *_ns are the same moments exactly, nanoseconds since 1970 UTC.

-- Stable, not immutable, so that the planner may inline them.
create function moment(nanoseconds bigint) returns timestamptz language sql stable parallel safe
return timestamptz 'epoch' + nanoseconds / 1000 * interval '1 microsecond';

create function nanoseconds(moment timestamptz) returns bigint language sql stable parallel safe
return (extract(epoch from moment) * 1000000)::bigint * 1000;

create table runs (
    run text primary key,
    kind text not null check (kind in ('live', 'replay')),
    settings json not null,
    settings_hash text not null,
    registered timestamptz not null default clock_timestamp()
);

create index runs_newest on runs (registered desc);

-- One trade or quote. `fact` makes a repeat recognisable: the venue's identifier, or, where the venue gives none,
-- a negative number made of the place in the journal. The key begins with what tells rows apart soonest: inserts
-- take two thirds of the time that they take with run and feed before it.
create table ticks (
    run text not null,
    feed text not null,
    symbol text not null,
    time timestamptz not null,
    event_ns bigint not null,
    price double precision not null check (price > 0 and price < 'infinity'),
    size double precision check (size >= 0 and size < 'infinity'),
    bid double precision check (bid > 0 and bid < 'infinity'),
    ask double precision check (ask > 0 and ask < 'infinity'),
    side text check (side in ('buy', 'sell')),
    identifier bigint,
    fact bigint not null,
    received_ns bigint not null,
    journal_offset bigint not null,
    ordinal integer not null,
    late boolean,
    unique (symbol, time, fact, feed, run)
);

comment on column ticks.late is 'null: not known to the archive, which sees no bars';

-- What did not count, with its one fate. The payload is what came, up to a limit; size is what it was.
create table quarantine (
    run text not null,
    journal_offset bigint not null,
    ordinal integer not null,
    stamp_ns bigint not null,
    origin text not null,
    line bigint not null,
    fate text not null check (fate in ('duplicate', 'rejected')),
    reason text not null,
    feed text,
    symbol text,
    payload bytea not null,
    payload_size integer not null,
    primary key (run, journal_offset, ordinal)
);

create index quarantine_reason on quarantine (run, reason, journal_offset);

-- Identifiers first to last of a feed's symbol (empty: of the feed) never came.
create table gaps (
    run text not null,
    feed text not null,
    symbol text not null,
    first bigint not null,
    last bigint not null,
    journal_offset bigint not null,
    stamp_ns bigint not null,
    primary key (run, journal_offset, feed, symbol, first),
    check (first <= last)
);

-- How far the archive has come: stored in the transaction that stores the rows.
create table archive_progress (
    run text primary key,
    journal_offset bigint not null,
    state bytea,
    ticks bigint not null,
    refused bigint not null,
    updated timestamptz not null default clock_timestamp()
);

-- Each snapshot as it was sent, byte for byte. `id` is its number in the outbox.
create table risk_snapshots (
    run text not null,
    portfolio text not null,
    event_time timestamptz not null,
    event_ns bigint not null,
    id bigint not null,
    journal_offset bigint not null,
    payload json not null,
    primary key (run, portfolio, event_time, id)
);

-- What clients were and will be told, in order, without a hole in a run's ids. A snapshot's payload stands in
-- risk_snapshots only; all others stand here.
create table outbox (
    run text not null,
    id bigint not null,
    kind text not null,
    portfolio text not null,
    journal_offset bigint not null,
    ordinal integer not null,
    event_time timestamptz not null,
    event_ns bigint not null,
    payload json,
    primary key (run, id),
    unique (run, journal_offset, ordinal),
    check ((payload is null) = (kind = 'risk'))
);

create table positions (
    run text not null,
    portfolio text not null,
    symbol text not null,
    quantity double precision not null check (quantity > '-infinity' and quantity < 'infinity'),
    average_price double precision check (average_price > 0 and average_price < 'infinity'),
    multiplier double precision not null check (multiplier > 0 and multiplier < 'infinity'),
    currency text not null,
    desk text,
    journal_offset bigint not null,
    primary key (run, portfolio, symbol)
);

create table trades (
    run text not null,
    trade_id text not null,
    portfolio text not null,
    symbol text not null,
    quantity double precision not null check (quantity > '-infinity' and quantity < 'infinity'),
    price double precision check (price > 0 and price < 'infinity'),
    event_time timestamptz not null,
    event_ns bigint not null,
    journal_offset bigint not null,
    primary key (run, trade_id)
);

-- The last sign of life of each running part.
create table parts (
    part text primary key,
    run text,
    state json not null,
    beat timestamptz not null default clock_timestamp()
);
