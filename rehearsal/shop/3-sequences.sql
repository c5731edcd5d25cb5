-- Sequences of all kinds, called and never called.

set search_path = "Zähler & 100% Reihen\";

create sequence never_called;
create sequence started_elsewhere start with 5000;
create sequence descending increment by -1 minvalue -9000000 maxvalue -1 start with -1;
create sequence "descending by 10" increment by -10 minvalue -9000000 maxvalue 1000000 start with 1000000;
create sequence by_tens increment by 10 start with 7;
create sequence by_many_cached increment by 3 cache 50;
create sequence cycling minvalue 1 maxvalue 100 cycle;
create sequence small as smallint;
create sequence small_near_the_end as smallint;
create sequence big_below_zero minvalue -9223372036854775808 start with -9223372036854775808;
create sequence "Ungewöhnliche ""Nummern"" 100% ☃";
create sequence "a sequence with a name as long as a name can be, 63 bytes long.";

select setval('descending', -1234), setval('by_tens', 1007), setval('by_many_cached', 3001), setval('cycling', 40),
  setval('small', 12345), setval('small_near_the_end', 32700), setval('big_below_zero', -9000000000000000000),
  setval('"descending by 10"', 999000), setval('"Ungewöhnliche ""Nummern"" 100% ☃"', 4711),
  -- set, but not called: the next value is this one itself
  setval('started_elsewhere', 6000, false);

reset search_path;
