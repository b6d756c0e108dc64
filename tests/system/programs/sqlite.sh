# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# sqlite3 on a file: rows by a recursive query, indexes, joins, window functions, updates, a rollback; integrity_check.
rm -f /tmp/check.db
sqlite3 /tmp/check.db <<'SQL'
.bail on
pragma journal_mode = wal;
create table t (id integer primary key, a integer, b real, c text);
with recursive n(i, s) as (select 1, 1 union all select i + 1, (s * 1103515245 + 12345) % 2147483648 from n where i < 12000)
insert into t select i, s, s / 65536.0, printf('%08x', s) from n;
create index ta on t (a);
create index tc on t (c, b);
select count(*), sum(id), sum(a), printf('%.6f', avg(b)), min(c), max(c) from t;
select count(*) from t where a between 1000000 and 2000000000;
select substr(c, 1, 1) as k, count(*), printf('%.3f', sum(b)) from t group by k order by k;
select x.id, y.id from t x join t y on y.c = x.c and y.id > x.id limit 5;
select id, a, rank() over (order by a desc) from t order by a desc limit 3;
begin;
update t set b = b * 2 + 1 where id % 3 = 0;
delete from t where id % 7 = 0;
select count(*), printf('%.6f', sum(b)) from t;
rollback;
select count(*), printf('%.6f', sum(b)) from t;
delete from t where id % 5 = 0;
vacuum;
pragma integrity_check;
select count(*), group_concat(id) from (select id from t where c like '%00%' order by id limit 10);
select printf('%.15g', exp(1)), printf('%.15g', ln(10)), printf('%.15g', sqrt(2)), abs(-7), 7 / 2, 7 % 4, 1 << 40, round(2.5), 'x' || 3;
select json_extract('{"a":[1,2,{"b":3.5}]}', '$.a[2].b'), json_group_array(id) from (select id from t limit 4);
create virtual table f using fts5(body);
insert into f select c || ' ' || id from t limit 2000;
select count(*) from f where f match '1*';
SQL
