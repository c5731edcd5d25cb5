/**
 * Keeps every connection from a schema that carries our name and is not ours. It stands where each statement passes, so no caller can forget
 * it: a statement that names the schema is sent only after this connection has looked at it and found it to be ours.
 * While there is none, each such statement looks anew, because anybody who may create schemas can make it at any time; once it is ours,
 * nobody but us can put anything into it or take its place, until we drop it ourselves.
 */
import type pg from 'pg';
import { NotOurs, TransientError } from '../../config/errors.ts';
import { SCHEMA } from '../../config/names.ts';
import type { SideName } from '../../config/side-name.ts';
import type { Endpoint } from '../../ports/database.ts';
import { type Fault, type OwnSchemaState, ownSchemaState } from '../../state/trust.sql.ts';

/** The schema or something in it, quoted or not. Names of locks look alike, which does no harm. */
const NAMES_SCHEMA = new RegExp(`"${SCHEMA}"(?!\\w)|\\b${SCHEMA}\\s*\\.|\\bschema\\s+(?:if\\s+(?:not\\s+)?exists\\s+)?${SCHEMA}\\b`, 'i');
const DROPS_SCHEMA = new RegExp(`\\bdrop\\s+schema\\b[^;]*\\b${SCHEMA}\\b`, 'i');

/** It names what it looks for, and touches nothing. */
const LOOK = ownSchemaState().text;

/** Undefined while there is no schema of ours; an empty list where it is ours. */
interface Verdict {
  readonly faults: readonly Fault[] | undefined;
  readonly era: number;
}

const verdicts = new WeakMap<pg.Client, Verdict>();
const sides = new WeakMap<Endpoint, SideName>();

/** What messages call the side that is reached by this endpoint. */
export function nameSide(at: Endpoint, side: SideName | undefined): void {
  if (side !== undefined) sides.set(at, side);
}

/** Verdicts of earlier eras are void: something was undone or dropped, perhaps the schema. */
let era = 0;

export async function lookAtOwnSchema(client: pg.Client): Promise<void> {
  const began = era;
  const { rows } = await client.query<OwnSchemaState>(LOOK);
  const [state] = rows;
  if (!state) throw new Error('A query without a from-list always returns a row.');
  if (state.exists && !state.visible) {
    throw new TransientError(`The schema ${SCHEMA} came or went while it was looked at. Nothing in it was touched; it is looked at again.`);
  }
  verdicts.set(client, { faults: state.exists ? state.faults : undefined, era: began });
}

/**
 * Before any text is sent.
 * @throws NotOurs for a statement that names our schema where it is not ours
 */
export async function admit(client: pg.Client, text: string, at: Endpoint): Promise<void> {
  if (text === LOOK || !NAMES_SCHEMA.test(text)) return;
  let verdict = verdicts.get(client);
  if (verdict?.faults === undefined || verdict.faults.length > 0 || verdict.era !== era) {
    await lookAtOwnSchema(client);
    verdict = verdicts.get(client);
  }
  const faults = verdict?.faults ?? [];
  if (faults.length > 0) throw new NotOurs(`${sides.get(at) ?? 'server'} at ${at.host}:${at.port}/${at.database}`, faults);
  if (DROPS_SCHEMA.test(text)) forgetVerdicts();
}

/** After a transaction was rolled back, which may have made the schema. */
export function forgetVerdicts(): void {
  era += 1;
}
