-- Who may write a run: each program that takes the right raises the epoch, and confirms its own with every transaction.
create table writers (
    run text not null,
    part text not null check (part in ('engine', 'archive')),
    epoch bigint not null,
    since timestamptz not null default clock_timestamp(),
    primary key (run, part)
);
