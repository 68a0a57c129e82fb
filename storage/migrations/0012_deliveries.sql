-- How far the webhook is with the alerts of each live run. The row of the empty run says that it was set up: from then
-- on it begins at the beginning of a new run, and before that at the present of those that there were.
create table deliveries (
    run text primary key,
    id bigint not null
);

-- Alerts that the webhook's receiver refused again and again. They are tried once more at the next start.
create table parked (
    run text not null,
    id bigint not null,
    reason text not null,
    parked timestamptz not null default clock_timestamp(),
    primary key (run, id)
);

-- Alerts that somebody was given: by the webhook, on a stream, or in a list.
create table received (
    run text not null,
    id bigint not null,
    primary key (run, id)
);
