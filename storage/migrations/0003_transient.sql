-- Figures between bars are of the moment: they are forgotten after a while, those of bars are kept.
alter table risk_snapshots add column transient boolean not null default false;

create index risk_snapshots_transient on risk_snapshots (run, event_time) where transient;
