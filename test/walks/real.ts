/** The same walks on real servers, one after another on the same two. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type RealWalkContext, realContext } from './real-context.ts';
import { HANGS_AFTER_MS, runsOf } from './runs.ts';
import { walk, walks } from './walk.ts';

const WALKS = 100;
const LONGEST = 5;

export function realWalks(source: 11 | 13 | 15 | 17 | 18, target: 17 | 18): void {
  describe(`every order of crash, retry, abort, Recovery and lost answer, from ${source} to ${target}`, () => {
    let context: RealWalkContext;
    beforeAll(async () => {
      context = await realContext(source, target);
    });
    afterAll(() => context?.destroy());

    it('leaves one serving side, the secret leading there, and nothing lost (#9.2)', { timeout: HANGS_AFTER_MS }, async () => {
      let walked = 0;
      await fc.assert(
        fc.asyncProperty(walks(LONGEST), (happenings) => {
          walked += 1;
          return walk(context, happenings, `${walked}`);
        }),
        // What was found is told as it is: a shorter way there would start from another end of the walk before.
        { ...runsOf(WALKS), endOnFailure: true },
      );
    });
  });
}
