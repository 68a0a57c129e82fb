-- What a bar's snapshot says of the forecasts of the bar before: kept beside it, so that a series of it is read without the snapshots.
alter table risk_snapshots add column backtest json;

create index risk_snapshots_backtest on risk_snapshots (run, portfolio, event_time) where backtest is not null;
