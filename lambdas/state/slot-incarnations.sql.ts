/**
 * Our record on the source of each slot incarnation that we made. A slot that is dropped and made again under its name looks the same to
 * every client; the subscription carries the same incarnation in its comment, so a slot that our own tool made for another subscription is
 * told apart.
 */
import { SCHEMA } from '../config/names.ts';
import type { Statement } from '../ports/database.ts';
import { qualified, statement } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';

const NAME = 'slot_birth';
const TABLE = qualified(SCHEMA, NAME);

export interface SlotIncarnation {
  /** Unique, made by us. */
  readonly birth: string;
  /** WAL position from which on the slot has everything. */
  readonly consistentPoint: string;
  /** Identifies the publication; one that was dropped and made again has another, and nothing was sent in between. */
  readonly publication: number;
}

export const createSlotIncarnations = (): Statement =>
  closed(
    NAME,
    `
create table if not exists ${TABLE} (
  slot name primary key,
  birth uuid not null,
  consistent_point pg_lsn not null,
  publication oid not null,
  made_at timestamptz not null default clock_timestamp()
)
`,
  );

export const slotIncarnationsExist = (): Statement<{ exist: boolean }> =>
  statement(`select to_regclass('${SCHEMA}.${NAME}') is not null as exist`);

export const slotIncarnation = (slot: string): Statement<SlotIncarnation> =>
  statement(
    `
select birth::text, consistent_point::text as "consistentPoint", publication::int8::float8 as publication
from ${TABLE} where slot = $1::name
`,
    [slot],
  );

export const recordSlotIncarnation = (slot: string, { birth, consistentPoint, publication }: SlotIncarnation): Statement =>
  statement(
    `
insert into ${TABLE} (slot, birth, consistent_point, publication)
values ($1::name, $2::uuid, $3::pg_lsn, $4::int8::oid)
on conflict (slot) do update set birth = excluded.birth, consistent_point = excluded.consistent_point,
  publication = excluded.publication, made_at = excluded.made_at
`,
    [slot, birth, consistentPoint, publication],
  );
