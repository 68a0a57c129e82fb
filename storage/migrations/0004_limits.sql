-- A limit as it was stated last, and where it stands; definition is null once it was taken away.
create table limits (
    run text not null,
    portfolio text not null,
    name text not null,
    definition json,
    standing json not null,
    journal_offset bigint not null,
    primary key (run, portfolio, name)
);

-- A silence or a maintenance window; definition is null once it was ended.
create table silences (
    run text not null,
    id text not null,
    definition json,
    journal_offset bigint not null,
    primary key (run, id)
);

create index outbox_alerts on outbox (run, id) where kind = 'alert';
