/**
 * Logical replication does not carry sequences
 * (https://www.postgresql.org/docs/current/logical-replication-restrictions.html), so the target's would begin at 1 again. As step 5
 * of the guide "Migrate from Aurora to PlanetScale" asks, each is set ahead of the source, which still moves. Nor does it carry what
 * extensions mark as their configuration: those rows follow here, and again right before a switch.
 */
import type { Json } from '../config/json.ts';
import { atMost } from '../config/listing.ts';
import { defineStep } from '../engine/step.ts';
import { type Configuration, carriedEvidence, carryOnce, lookAtConfiguration } from '../extensions/carry-all.ts';
import { lookAtSequences, type SequenceLook } from '../sequences/look.ts';
import {
  advanceOf,
  disagreements,
  isBehind,
  isClamped,
  isOutOfBounds,
  nameOf,
  runsBackwards,
  type SequencePair,
} from '../sequences/pairs.ts';
import { refuseBackwards, refuseMissing, refuseOutOfBounds } from '../sequences/refusals.ts';
import { lockSequences, setSequences } from '../sequences/sequences.sql.ts';

interface Seen extends SequenceLook {
  readonly margin: number;
  readonly configuration: Configuration;
}

/** Names in evidence; the rest is counted. */
const NAMES_SHOWN = 20;
const shown = (names: readonly string[]): string[] => atMost(NAMES_SHOWN, names);
const namesWhere = (pairs: readonly SequencePair[], condition: (pair: SequencePair) => boolean): string[] =>
  pairs.filter(condition).map(({ source }) => nameOf(source));

export const syncSequences = defineStep({
  needs: ['source', 'target'],
  interrupted:
    'Some sequences of the target may be set ahead already and some rows of extensions carried; no sequence is set back, and the source was only read.',

  async inspect({ source, target, input, execution }): Promise<Seen> {
    const sequences = await lookAtSequences(source, target, input);
    return { ...sequences, margin: input.sequenceMargin, configuration: await lookAtConfiguration(source, target, input, execution) };
  },

  judge({ pairs, missing, configuration }, { sequenceMargin }) {
    refuseMissing(missing, 'target');
    refuseBackwards(namesWhere(pairs, runsBackwards), 'target');
    refuseOutOfBounds(namesWhere(pairs, isOutOfBounds), 'target');
    return configuration === 'to be carried' || pairs.some((pair) => isBehind(pair, sequenceMargin)) ? 'todo' : 'done';
  },

  /** Looks again under a lock, with the freshest position of the source, so that two runs at once never set anything back. */
  async act({ source, target, input, execution }, { configuration }) {
    await target.transaction(async (session) => {
      await session.query(lockSequences());
      const { pairs } = await lookAtSequences(source, session, input);
      const settings = pairs.flatMap((pair) => {
        const to = advanceOf(pair, input.sequenceMargin);
        return to ? [{ schema: pair.target.schema, name: pair.target.name, last: to.last.toString(), called: to.called }] : [];
      });
      if (settings.length > 0) await session.query(setSequences(settings));
    });
    if (configuration === 'to be carried') await carryOnce(source, target, input, execution);
  },

  evidence({ pairs, margin, configuration }): { readonly [key: string]: Json } {
    return {
      sequences: pairs.length,
      /** Set ahead by less than half of the margin; empty when done. */
      behind: shown(namesWhere(pairs, (pair) => isBehind(pair, margin))),
      /** Fewer numbers than the margin were left, so the target has none of them: its next one is an error, or begins a cycle. */
      atTheirBound: shown(namesWhere(pairs, (pair) => isClamped(pair, margin))),
      /** These hand out numbers again after their bound, here as there. */
      cycling: shown(namesWhere(pairs, ({ target }) => target.cycles)),
      /** Rows of extensions that were carried, or were not and why; jobs are disabled until the switch. */
      ...(typeof configuration === 'string' ? {} : { ofExtensions: carriedEvidence(configuration) }),
      /** Defined differently on the two sides; the target's bounds were kept. */
      differing: shown(
        pairs.flatMap((pair) => {
          const found = disagreements(pair);
          return found.length > 0 ? [`${nameOf(pair.source)}: ${found.join('; ')}`] : [];
        }),
      ),
    };
  },
});
