-- Plain PostgreSQL has no compression of old rows; bars are a view of the ticks as they are.
select;
