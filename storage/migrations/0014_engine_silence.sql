-- Alerts about the engine itself stand under the portfolio '*': of all.
create index outbox_of_all on outbox (run, id) where portfolio = '*';
