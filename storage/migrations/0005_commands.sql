-- What the API asks of the engine. A command goes into the journal first; a question changes nothing and does not.
create table commands (
    number bigint generated always as identity primary key,
    id text not null unique,
    run text not null,
    kind text not null check (kind in ('command', 'question')),
    payload json not null,
    created timestamptz not null default clock_timestamp(),
    claimed timestamptz,
    journal_offset bigint,
    status smallint,
    answer json,
    check ((status is null) = (answer is null))
);

create index commands_open on commands (run, number) where status is null and journal_offset is null;

create index commands_created on commands (created);

-- A correction or a cancel is a trade of its own that refers to the one it undoes.
alter table trades add column corrects text, add column cancels text;
