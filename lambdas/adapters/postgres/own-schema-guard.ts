/**
 * Keeps every connection from a schema that has our name and is not ours. Every statement passes through here, so no caller can forget it:
 * a statement that names the schema is sent only after this connection has inspected the schema and found it to be ours.
 * While there is none, it is inspected again for each such statement, because any role that may create schemas can make it at any time; once
 * it is ours, no other role can put anything into it or replace it, until we drop it ourselves.
 */
import type pg from 'pg';
import { NotOurs, TransientError } from '../../config/errors.ts';
import { SCHEMA } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import type { Endpoint } from '../../ports/database.ts';
import { type Fault, type OwnSchemaState, ownSchemaState } from '../../state/trust.sql.ts';

/** The schema or an object in it, quoted or not. Names of locks match too, which does no harm. */
const NAMES_SCHEMA = new RegExp(`"${SCHEMA}"(?!\\w)|\\b${SCHEMA}\\s*\\.|\\bschema\\s+(?:if\\s+(?:not\\s+)?exists\\s+)?${SCHEMA}\\b`, 'i');
const DROPS_SCHEMA = new RegExp(`\\bdrop\\s+schema\\b[^;]*\\b${SCHEMA}\\b`, 'i');

/** The inspection itself, which names the schema and touches nothing in it. */
const LOOK = ownSchemaState().text;

/** Undefined while there is no schema of ours; an empty list where it is ours. */
interface Verdict {
  readonly faults: readonly Fault[] | undefined;
  readonly generation: number;
}

const verdicts = new WeakMap<pg.Client, Verdict>();
const sides = new WeakMap<Endpoint, SideName>();

/** Sets the name of the side of this endpoint, for messages. */
export function nameSide(at: Endpoint, side: SideName | undefined): void {
  if (side !== undefined) sides.set(at, side);
}

/** Number of rollbacks and drops so far. Verdicts from before the last one are void: it may have removed the schema. */
let generation = 0;

export async function lookAtOwnSchema(client: pg.Client): Promise<void> {
  const began = generation;
  const { rows } = await client.query<OwnSchemaState>(LOOK);
  const [state] = rows;
  if (!state) throw new Error('A query without a from-list always returns a row.');
  if (state.exists && !state.visible) {
    throw new TransientError(`The schema ${SCHEMA} came or went while it was looked at. Nothing in it was touched; it is looked at again.`);
  }
  verdicts.set(client, { faults: state.exists ? state.faults : undefined, generation: began });
}

/**
 * Called before any text is sent.
 * @throws NotOurs for a statement that names our schema where it is not ours
 */
export async function admit(client: pg.Client, text: string, at: Endpoint): Promise<void> {
  if (text === LOOK || !NAMES_SCHEMA.test(text)) return;
  let verdict = verdicts.get(client);
  if (verdict?.faults === undefined || verdict.faults.length > 0 || verdict.generation !== generation) {
    await lookAtOwnSchema(client);
    verdict = verdicts.get(client);
  }
  const faults = verdict?.faults ?? [];
  if (faults.length > 0) throw new NotOurs(`${sides.get(at) ?? 'server'} at ${at.host}:${at.port}/${at.database}`, faults);
  if (DROPS_SCHEMA.test(text)) forgetVerdicts();
}

/** Called after a transaction was rolled back, which may have made the schema. */
export function forgetVerdicts(): void {
  generation += 1;
}
