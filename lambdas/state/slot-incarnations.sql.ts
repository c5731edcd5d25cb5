/**
 * The incarnation of a slot, written down by its publisher when the slot is made. A slot that is dropped and made again under its name looks
 * the same to its subscriber. The subscription carries the same id in its comment, so a slot that was made for another subscription is told
 * apart.
 */
import type { Statement } from '../ports/database.ts';
import { bound } from '../postgres/quote.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.slotIncarnations;

export interface SlotIncarnation {
  /** Unique, made by us; column `birth`. */
  readonly id: string;
  /** From here on the slot has everything. */
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

export const slotIncarnationsExist = () => tableExists(OWN_TABLES.slotIncarnations);

export const slotIncarnation = (slot: string): Statement<SlotIncarnation> =>
  bound([slot])(`
select birth::text as id, consistent_point::text as "consistentPoint", publication::int8::float8 as publication
from ${TABLE} where slot = $1::name
`);

export const recordSlotIncarnation = (slot: string, { id, consistentPoint, publication }: SlotIncarnation): Statement =>
  bound([slot, id, consistentPoint, publication])(`
insert into ${TABLE} (slot, birth, consistent_point, publication)
values ($1::name, $2::uuid, $3::pg_lsn, $4::int8::oid)
on conflict (slot) do update set birth = excluded.birth, consistent_point = excluded.consistent_point,
  publication = excluded.publication, made_at = excluded.made_at
`);
