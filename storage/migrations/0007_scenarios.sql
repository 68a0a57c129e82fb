-- Stress scenarios of the users. They belong to the database, not to a run.
create table scenarios (
    name text primary key,
    definition json not null,
    stored timestamptz not null default clock_timestamp()
);
