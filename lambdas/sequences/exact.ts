/**
 * Sequences under the fence: replication does not carry them, and no number is taken while they are copied, so the side being arrived at
 * gets the exact positions, neither a gap nor a number twice. All that can be found out or refused before the fence is; under it there is
 * one round trip to each side, however many sequences there are.
 */
import { VerificationError } from '../config/errors.ts';
import type { Exclusions } from '../config/input.ts';
import { atMost } from '../config/listing.ts';
import type { SideName } from '../config/side-name.ts';
import type { Session } from '../ports/database.ts';
import { type DefinitionPair, nameOf, runsBackwards, trackOf } from './pairs.ts';
import { isOutside, type Position } from './position.ts';
import { refuseBackwards, refuseMissing, refuseOutOfBounds } from './refusals.ts';
import * as positionsSql from './sequence-positions.sql.ts';
import { refuseViews, type SequenceDefinition, sequences } from './sequences.sql.ts';

/** A session outside of a transaction. */
type Asked = Pick<Session, 'query' | 'script'>;

/** Sequences on both sides, known to the sessions with which the plan was made, and to no others. */
export interface SequencePlan {
  readonly to: SideName;
  readonly count: number;
  readonly excluded: Exclusions;
  /** `source` is the side being left. */
  readonly pairs: readonly DefinitionPair[];
  /** Where the sequences of the side being arrived at stood when the plan was made. @default - not known */
  readonly there?: Positions;
}

/** One for each pair of the plan, in its order. */
export type Positions = readonly Position[];

/** Names in messages; the rest is counted. */
const NAMES_SHOWN = 20;
const shown = (names: readonly string[]): string => atMost(NAMES_SHOWN, names).join(', ');

const leftBy = ({ to }: Pick<SequencePlan, 'to'>): SideName => (to === 'target' ? 'source' : 'target');

/** @throws the error with the names in its message, if there are any */
function refuse(names: readonly string[], error: new (message: string) => Error, message: (names: string) => string): void {
  if (names.length > 0) throw new error(message(shown(names)));
}

/**
 * Before the fence. Looks at both sides, refuses what could not be copied, and leaves temporary helpers in both sessions, which takes the
 * TEMPORARY right on both databases. It also reads every sequence of both sides once, so that the servers have them at hand when it counts.
 * @param side the name of the side being arrived at, for messages
 * @throws VerificationError for sequences that are missing on the other side, run backwards there, or may not be set by us
 * @throws SequenceOutOfBounds for sequences that already stand where the other side's bounds forbid it
 */
export async function prepareSequences(from: Asked, to: Asked, input: Exclusions, side: SideName = 'target'): Promise<SequencePlan> {
  const excluded = { excludeSchemas: input.excludeSchemas, excludeTables: input.excludeTables };
  const [wanted, present] = await Promise.all([
    from.query(sequences(excluded)),
    to.query(sequences({ excludeSchemas: [], excludeTables: [] })),
  ]);
  const pairs = pairsOf(wanted, present, side);
  const plan: SequencePlan = { to: side, count: pairs.length, excluded, pairs };
  if (plan.count === 0) return plan;
  await Promise.all([
    help(
      from,
      plan.pairs.map(({ source }) => source),
    ),
    help(
      to,
      plan.pairs.map(({ target }) => target),
    ),
  ]);
  refuse(
    (await to.query(positionsSql.unsettable())).flatMap(({ n }) => plan.pairs[n] ?? []).map(({ target }) => nameOf(target)),
    VerificationError,
    (names) => `Our role may not set sequences of the ${side}: ${names}. Nothing was changed. Grant it UPDATE on them, then start again.`,
  );
  const [positions, there] = await Promise.all([readPositions(from, plan), positionsThere(to, plan)]);
  refuseOutside(plan, positions);
  await expectUncalled(from, plan, positions);
  return { ...plan, ...(there ? { there } : {}) };
}

/** Of the side being arrived at; not known where its schema changes meanwhile, which is found out when it counts. */
async function positionsThere(to: Asked, { excluded, pairs }: SequencePlan): Promise<Positions | undefined> {
  const [read] = await to.query(positionsSql.readPlanned(excluded));
  if (read?.lasts.length !== pairs.length) return undefined;
  return read.lasts.map((last, n) => ({ last: BigInt(last), called: read.called[n] === true }));
}

/** Has those that were not called yet read together from now on, and plans that by doing it once. */
async function expectUncalled(from: Asked, plan: SequencePlan, positions: Positions): Promise<void> {
  for (let first = 0; first < plan.count; first += positionsSql.BATCH) {
    const some = plan.pairs
      .slice(first, first + positionsSql.BATCH)
      .flatMap(({ source }, n) => (positions[first + n]?.called === false ? [{ ...source, place: n + 1 }] : []));
    if (some.length === 0) continue;
    for (const statement of positionsSql.prepareUncalled(first / positionsSql.BATCH, some)) await from.query(statement);
  }
  await readPositions(from, plan);
}

function pairsOf(wanted: readonly SequenceDefinition[], present: readonly SequenceDefinition[], to: SideName): DefinitionPair[] {
  const there = new Map(present.map((definition) => [nameOf(definition), definition]));
  refuseMissing(
    wanted.map(nameOf).filter((name) => !there.has(name)),
    to,
  );
  const pairs = wanted.flatMap((source): DefinitionPair[] => {
    const target = there.get(nameOf(source));
    return target ? [{ source, target }] : [];
  });
  refuseBackwards(
    pairs.filter(runsBackwards).map(({ source }) => nameOf(source)),
    to,
  );
  return pairs;
}

async function help(session: Asked, planned: readonly SequenceDefinition[]): Promise<void> {
  await session.query(refuseViews(false));
  await session.script([positionsSql.createPlanned(), positionsSql.createRead(), positionsSql.createSet()].join(';\n'));
  await session.query(positionsSql.fillPlanned(planned));
  await session.query(positionsSql.analyzePlanned());
}

/**
 * Under the fence, in one round trip; none where there are no sequences. Never waits for a session that uses a sequence, and takes no
 * number out of any.
 * @throws VerificationError naming the sequences that were made, dropped, renamed or altered since the plan
 */
export async function readPositions(from: Pick<Asked, 'query'>, plan: SequencePlan): Promise<Positions> {
  if (plan.count === 0) return [];
  const [read] = await from.query(positionsSql.readPlanned(plan.excluded));
  const { lasts = [], called = [], changed = [], appeared = [] } = read ?? {};
  const names = [...changed.flatMap((n) => plan.pairs[n] ?? []).map(({ source }) => nameOf(source)), ...appeared];
  refuse(names, VerificationError, (some) => meanwhile(leftBy(plan), some));
  return plan.pairs.map(({ source }, n) => {
    const last = lasts[n];
    const isCalled = called[n];
    if (last === undefined || isCalled === undefined) throw new VerificationError(meanwhile(leftBy(plan), nameOf(source)));
    return { last: BigInt(last), called: isCalled };
  });
}

const meanwhile = (side: SideName, names: string): string =>
  `Sequences of the ${side} were made, dropped, renamed or altered while the switch was under way: ${names}. No sequence was changed. ` +
  'See that the other side has them as they are there, stop changing the schema, then start again.';

/**
 * Under the fence, in one round trip; none where there are no sequences. An exact copy: what is handed out next is what the side being left
 * would have handed out next.
 * @throws SequenceOutOfBounds before anything is set, for positions that the bounds do not allow
 * @throws VerificationError before anything is set, naming the sequences that were dropped, renamed or altered since the plan
 */
export async function setExactly(to: Pick<Asked, 'query'>, plan: SequencePlan, positions: Positions): Promise<void> {
  if (plan.count === 0) return;
  refuseOutside(plan, positions);
  const [done] = await to.query(
    positionsSql.setPlanned(
      positions.map(({ last }) => last.toString()),
      positions.map(({ called }) => called),
      positions.map(({ last, called }, n) => plan.there?.[n]?.last === last && plan.there[n]?.called === called),
    ),
  );
  const changed = done?.changed.flatMap((n) => plan.pairs[n] ?? []) ?? plan.pairs;
  refuse(
    changed.map(({ target }) => nameOf(target)),
    VerificationError,
    (names) => meanwhile(plan.to, names),
  );
}

function positionAt(positions: Positions, n: number): Position {
  const position = positions[n];
  if (!position) throw new RangeError('There is a position for each sequence of the plan.');
  return position;
}

function refuseOutside(plan: SequencePlan, positions: Positions): void {
  refuseOutOfBounds(
    plan.pairs.filter((pair, n) => isOutside(positionAt(positions, n), trackOf(pair))).map(({ source }) => nameOf(source)),
    plan.to,
  );
}
