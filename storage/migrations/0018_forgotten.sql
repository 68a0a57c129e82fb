-- Up to which moment rows of a table were forgotten, so that nobody looks for them.
create table forgotten (
    relation text primary key check (relation = 'ticks'),
    before timestamptz not null
);
