-- The instrument master as it was stated last; definition is null once it is known no more.
create table instruments (
    run text not null,
    symbol text not null,
    definition json,
    stated_ns bigint not null,
    journal_offset bigint not null,
    primary key (run, symbol)
);
