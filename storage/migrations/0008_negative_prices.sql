-- Spreads and power can cost less than nothing; which instruments may is judged before a tick is accepted.
alter table ticks drop constraint ticks_price_check;
alter table ticks add constraint ticks_price_check check (price > '-infinity' and price < 'infinity');
alter table ticks drop constraint ticks_bid_check;
alter table ticks add constraint ticks_bid_check check (bid > '-infinity' and bid < 'infinity');
alter table ticks drop constraint ticks_ask_check;
alter table ticks add constraint ticks_ask_check check (ask > '-infinity' and ask < 'infinity');
alter table positions drop constraint positions_average_price_check;
alter table positions add constraint positions_average_price_check
    check (average_price > '-infinity' and average_price < 'infinity');
alter table trades drop constraint trades_price_check;
alter table trades add constraint trades_price_check check (price > '-infinity' and price < 'infinity');
