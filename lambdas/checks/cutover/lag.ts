/** Whether the stream keeps up: its lag when the fence is raised becomes downtime. */
import { SAMPLE_TIMEOUT_MS } from '../../replication/lag-samples.ts';
import type { Arrival } from '../../replication/marker.ts';
import { blocker, type Finding } from '../finding.ts';
import type { SwitchCheck, SwitchCheckContext } from './context.ts';
import { lagSamplesOf, sampleAgain } from './lag-samples.ts';
import { streamTrouble } from './stream.ts';

export const lag: SwitchCheck = {
  name: 'lag of the stream',
  async find(ctx) {
    if (streamTrouble(ctx).length > 0) return []; // reported by a check of its own
    const { newest, good } = await lagSamplesOf(ctx);
    if (!newest) throw new Error('no marker was sent, most likely because our own table for them is missing on one side');
    const arrival = await sampleAgain(ctx, newest);
    return [...lost(ctx, arrival), ...behind(ctx, good, arrival)];
  },
};

/**
 * A slot that is ahead of what has arrived skips changes in silence: it was made anew, or moved by hand. Its position alone says nothing,
 * because it is ahead of the subscription's own progress whenever other things than published changes are written.
 */
const lost = ({ current, from, to }: SwitchCheckContext, { arrived, confirmed }: Arrival): readonly Finding[] =>
  blocker({
    code: 'MarkerLost',
    objects: confirmed && !arrived ? [current] : [],
    message: `The slot on the ${from.name} has moved past a marker that never arrived on the ${to.name}, so changes may be missing there.`,
    remedy: 'Find out who made the slot anew or moved it. Cleanup, then begin anew with Replicate.',
  });

function behind({ input, current }: SwitchCheckContext, good: boolean, { arrived, confirmed, lagBytes }: Arrival): readonly Finding[] {
  if (!arrived && confirmed) return [];
  const now = arrived && confirmed ? `${lagBytes} bytes behind` : `a marker took more than ${SAMPLE_TIMEOUT_MS / 1000} s`;
  return blocker({
    code: 'TooFarBehind',
    objects: good && arrived && confirmed && lagBytes <= input.maxLagBytes ? [] : [`${current}: ${now}`],
    message:
      `The stream did not stay within ${input.maxLagBytes} bytes ("maxLagBytes") and ${input.maxLagMilliseconds} ms ("maxLagMilliseconds") ` +
      'for several looks in a row.',
    remedy: 'Wait for a quieter time or end what writes so much, or allow more in the input; the fence has to wait for what is missing.',
  });
}
