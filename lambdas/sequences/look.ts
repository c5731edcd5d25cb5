/** Reads the sequences of both sides: two statements a side for the first two thousand, one more for each further two thousand. */
import type { Reader } from '../contract.ts';
import type { MigrationInput } from '../input.ts';
import { SEQUENCES_PER_STATEMENT, type SequenceDefinition, type SequenceState, sequencePositions, sequences } from '../sql/sequences.ts';
import { nameOf, type SequencePair } from './pairs.ts';

export interface SequenceLook {
  readonly pairs: readonly SequencePair[];
  /** Sequences of the source that the target does not have. */
  readonly missing: readonly string[];
}

/** Adds the positions. A sequence that was dropped since its definition was read fails, and the next look does without it. */
async function read(reader: Pick<Reader, 'query'>, definitions: readonly SequenceDefinition[]): Promise<SequenceState[]> {
  const states: SequenceState[] = [];
  for (let from = 0; from < definitions.length; from += SEQUENCES_PER_STATEMENT) {
    const some = definitions.slice(from, from + SEQUENCES_PER_STATEMENT);
    for (const { n, last, called } of await reader.query(sequencePositions(some))) {
      const definition = some[n];
      if (definition) states.push({ ...definition, last, called });
    }
  }
  return states;
}

/** The source is read last, so that what the look says of it is as fresh as can be. */
export async function lookAtSequences(
  source: Pick<Reader, 'query'>,
  target: Pick<Reader, 'query'>,
  input: Pick<MigrationInput, 'excludeSchemas' | 'excludeTables'>,
): Promise<SequenceLook> {
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
