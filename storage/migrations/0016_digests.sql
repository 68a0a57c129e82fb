-- SHA-256 of an event's payload as it was written, so that one that was altered is found; null for those of before.
alter table outbox add column digest bytea;
