/** The record on the target of what the schema was like when it was copied, on the source, and when it was complete, on the target. */
import type { Exclusions } from '../config/input.ts';
import type { SideName } from '../config/side-name.ts';
import type { Statement } from '../ports/database.ts';
import { bound, literal, statement } from '../postgres/quote.ts';
import { listOfObjects, type SchemaObject } from '../postgres/schema-objects.sql.ts';
import { closed } from './closed.sql.ts';
import { tableExists } from './exists.sql.ts';
import { OWN_TABLES } from './tables.ts';

const { name: NAME, table: TABLE } = OWN_TABLES.baseline;
/** One row a side; its existence is the proof that the side was recorded as a whole, even where it holds nothing. */
const { name: SIDES_NAME, table: SIDES } = OWN_TABLES.baselineSides;

/** Parts of a side that are recorded, each as a whole: tables with what belongs to them, and code with the rest. */
export type Recorded = SideName | 'source code' | 'target code';

export const createBaseline = (): Statement[] => [
  closed(SIDES_NAME, `create table ${SIDES} (side text primary key, recorded_at timestamptz not null default now())`),
  closed(
    NAME,
    `
create table ${TABLE} (
  side text not null references ${SIDES},
  object text not null,
  definition text not null,
  part_of text[] not null,
  primary key (side, object)
)
`,
  ),
];

export const baselineExists = () => tableExists(OWN_TABLES.baselineSides);

/** The sides that were recorded. To be asked only where {@link baselineExists}, as everything below. */
export const sidesRecorded = (): Statement<{ readonly side: Recorded }> => statement(`select side from ${SIDES}`);

/** Returns a row where the side was not recorded before; of two visits at once the second waits for the first. */
export const beginBaseline = (side: Recorded): Statement<{ side: Recorded }> =>
  statement(`insert into ${SIDES} (side) values ($1::text) on conflict do nothing returning side`, [side]);

/** A name that changes hands while the catalog is read may come up twice; then either is right. */
const ONCE = 'on conflict do nothing';

export const addToBaseline = (side: Recorded, objects: readonly SchemaObject[]): Statement =>
  bound([side, JSON.stringify(objects)])(`
insert into ${TABLE} (side, object, definition, part_of)
select $1::text, object, definition, "partOf"
from jsonb_to_recordset($2::jsonb) as o (object text, definition text, "partOf" text[])
${ONCE}
`);

/** Records the target as it is, without its schema having to travel. */
export const addTargetToBaseline = (excluding: Exclusions): Statement => addListToBaseline('target', listOfObjects(excluding));

/** @param list columns object, definition and part_of */
export const addListToBaseline = (
  side: 'target' | 'target code',
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
): Statement =>
  bound(values)(`
insert into ${TABLE} (side, object, definition, part_of)
select ${literal(side)}, object, coalesce(definition, ''), part_of
from ${text}
${ONCE}
`);

export const baselineOf = (side: Recorded): Statement<SchemaObject> =>
  statement(`select object, definition, part_of as "partOf" from ${TABLE} where side = $1::text`, [side]);
