-- Heavy work that is done beside the engine. Who has the lease works on it; one whose lease has run out is taken again.
create table jobs (
    number bigint generated always as identity primary key,
    id text not null unique,
    run text not null,
    kind text not null check (kind in ('monte_carlo', 'backtest')),
    portfolio text not null,
    request json not null,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress double precision not null default 0 check (progress between 0 and 1),
    created timestamptz not null default clock_timestamp(),
    started timestamptz,
    finished timestamptz,
    worker text,
    leased_until timestamptz,
    attempts integer not null default 0,
    result json,
    reason text
);

create index jobs_open on jobs (number) where state in ('queued', 'running');
