/** Writes of the sample shop's application: over partitions, foreign keys, triggers, and a table without a primary key. */
import { statement } from '../../lambdas/postgres/quote.ts';
import type { Subject } from './subject.ts';

const ORDER = '"Point of ""Sale"""."Order"';
const LINE = '"Point of ""Sale"""."Order Line"';
const SEED_CUSTOMERS = 2000;
const SEED_PRODUCTS = 1000;

/** An order with two lines, over three sequences. */
const order: Subject = {
  tables: [ORDER, LINE],
  rows: (token) => [
    { table: ORDER, token },
    { table: LINE, token: `${token}/1` },
    { table: LINE, token: `${token}/2` },
  ],
  create: (token, dice) => [
    statement(`insert into ${ORDER} (request_id, customer_id, total) values ($1::text, $2::bigint, $3::numeric)`, [
      token,
      (dice % SEED_CUSTOMERS) + 1,
      dice / 100,
    ]),
    statement(
      `
insert into ${LINE} (order_id, "position", request_id, sku, amount, price)
select o.id, p, $1::text || '/' || p, 'AB-' || $2::integer % ${SEED_PRODUCTS} + 1, p, 9.99
from ${ORDER} as o, generate_series(1, 2) as p where o.request_id = $1::text
`,
      [token, dice],
    ),
    statement(`insert into shop.page_view (customer_id, seen_at, url) values ($1::bigint, clock_timestamp(), '/ordered')`, [
      (dice % SEED_CUSTOMERS) + 1,
    ]),
  ],
  change: (token, version, dice) => [
    statement(
      `
update ${ORDER} set version = $2::integer, state = (enum_range(null::shop.order_state))[$3::integer % 5 + 1]
where request_id = $1::text
`,
      [token, version, dice],
    ),
    statement(`update ${LINE} set version = $2::integer, amount = amount + 1 where request_id in ($1::text || '/1', $1::text || '/2')`, [
      token,
      version,
    ]),
  ],
  remove: (token) => [statement(`delete from ${ORDER} where request_id = $1::text`, [token])],
};

/** A counter. Changing it changes a price as well, of which a trigger keeps the history. */
const stock: Subject = {
  tables: ['shop.stock'],
  rows: (token) => [{ table: 'shop.stock', token }],
  create: (token, dice) => [
    statement(`insert into shop.stock (request_id, sku, quantity) values ($1::text, 'AB-' || $2::integer % ${SEED_PRODUCTS} + 1, 10)`, [
      token,
      dice,
    ]),
  ],
  change: (token, version) => [
    statement(`update shop.stock set version = $2::integer, quantity = quantity - 0.125 where request_id = $1::text`, [token, version]),
    statement(
      `
update shop.product set price = price + 0.0001
where sku = (select s.sku from shop.stock as s where s.request_id = $1::text)
`,
      [token],
    ),
  ],
  remove: (token) => [statement(`delete from shop.stock where request_id = $1::text`, [token])],
};

/** A row that moves from partition to partition. */
const event: Subject = {
  tables: ['shop.event'],
  rows: (token) => [{ table: 'shop.event', token }],
  create: (token, dice) => [
    statement(
      `
insert into shop.event (request_id, happened_at, kind, body)
values ($1::text, clock_timestamp(), 'written', jsonb_build_object('dice', $2::integer, 'text', repeat('x', $2::integer % 3000)))
`,
      [token, dice],
    ),
  ],
  change: (token, version, dice) => [
    statement(
      `
update shop.event set version = $2::integer, happened_at = timestamptz '2023-06-01 00:00:00+00' + $3::integer % 1000 * interval '1 day'
where request_id = $1::text
`,
      [token, version, dice],
    ),
  ],
  remove: (token) => [statement(`delete from shop.event where request_id = $1::text`, [token])],
};

/** The one table in which a row that is applied twice would really be there twice. */
const access: Subject = {
  tables: ['shop.access_log'],
  rows: (token) => [{ table: 'shop.access_log', token }],
  create: (token, dice) => [
    statement(`insert into shop.access_log (request_id, line) values ($1::text, 'GET /' || $2::integer)`, [token, dice]),
  ],
  change: (token, version) => [
    statement(`update shop.access_log set version = $2::integer, line = line || '!' where request_id = $1::text`, [token, version]),
  ],
  remove: (token) => [statement(`delete from shop.access_log where request_id = $1::text`, [token])],
};

export const SHOP_SUBJECTS: readonly Subject[] = [order, stock, event, access];
