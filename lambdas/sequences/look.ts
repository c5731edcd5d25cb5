/** Reads the sequences of both sides: a few statements a side for each two thousand. */
import { TransientError } from '../config/errors.ts';
import type { Exclusions } from '../config/input.ts';
import type { Reader } from '../ports/database.ts';
import { nameOf, type SequencePair } from './pairs.ts';
import {
  refuseViews,
  SEQUENCES_PER_STATEMENT,
  type SequenceDefinition,
  type SequenceState,
  sequenceLasts,
  sequencePositions,
  sequences,
} from './sequences.sql.ts';

export interface SequenceLook {
  readonly pairs: readonly SequencePair[];
  /** Sequences of the source that the target does not have. */
  readonly missing: readonly string[];
}

/** A reader, or a session that is within a transaction already. */
type Asked = Pick<Reader, 'query'> & Partial<Pick<Reader, 'snapshot'>>;

/** Adds the positions. A sequence that was dropped since its definition was read fails, and the next look does without it. */
async function read(reader: Asked, definitions: readonly SequenceDefinition[]): Promise<SequenceState[]> {
  const states: SequenceState[] = [];
  for (let from = 0; from < definitions.length; from += SEQUENCES_PER_STATEMENT) {
    const some = definitions.slice(from, from + SEQUENCES_PER_STATEMENT);
    states.push(...(await (reader.snapshot ? reader.snapshot((snapshot) => readSome(snapshot, some)) : readSome(reader, some))));
  }
  return states;
}

/** In one transaction, so that what was asked for its last value is what is read after. */
async function readSome(reader: Pick<Reader, 'query'>, some: readonly SequenceDefinition[]): Promise<SequenceState[]> {
  await reader.query(refuseViews(true));
  const lasts = await reader.query(sequenceLasts(some));
  if (lasts.length < some.length || lasts.some(({ same }) => !same)) {
    throw new TransientError('Sequences were renamed or dropped while they were read, so none was changed. It is tried again.');
  }
  const found = new Map(lasts.map(({ n, last }) => [n, last]));
  const uncalled = some.filter((_, n) => found.get(n) === null);
  const read = uncalled.length > 0 ? await reader.query(sequencePositions(uncalled)) : [];
  const positions = new Map(read.map(({ n, last, called }) => [uncalled[n], { last, called }]));
  return some.flatMap((definition, n) => {
    const last = found.get(n);
    const position = last ? { last, called: true } : positions.get(definition);
    return position ? [{ ...definition, ...position }] : [];
  });
}

/** The source is read last, so that its positions are as fresh as can be. */
export async function lookAtSequences(source: Asked, target: Asked, input: Exclusions): Promise<SequenceLook> {
  const [wanted, present] = await Promise.all([
    source.query(sequences(input)),
    target.query(sequences({ excludeSchemas: [], excludeTables: [] })),
  ]);
  const onTarget = new Map(present.map((definition) => [nameOf(definition), definition]));
  const common = wanted.filter((definition) => onTarget.has(nameOf(definition)));
  const targets = await read(
    target,
    common.flatMap((definition) => onTarget.get(nameOf(definition)) ?? []),
  );
  const byName = new Map(targets.map((state) => [nameOf(state), state]));
  const pairs = (await read(source, common)).flatMap((state): SequencePair[] => {
    const copy = byName.get(nameOf(state));
    return copy ? [{ source: state, target: copy }] : [];
  });
  return { pairs, missing: wanted.map(nameOf).filter((name) => !onTarget.has(name)) };
}
