-- Who may ask the API. Only a digest of each token is kept. A session of the dashboard is a row made from a token's,
-- under the token's name, and ends with it.
create table tokens (
    digest bytea primary key,
    name text not null,
    scope text not null check (scope in ('read', 'trade', 'admin')),
    portfolios text[],
    session boolean not null default false,
    created timestamptz not null default clock_timestamp(),
    expires timestamptz
);

create index tokens_name on tokens (name);

-- Those that are good now.
create view live_tokens as select * from tokens where expires is null or expires > clock_timestamp();
