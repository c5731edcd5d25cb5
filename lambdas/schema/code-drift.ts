/**
 * Changes of code, access rules and extensions since the copy. The source is compared with itself, so that each version prints what it
 * printed then; whether the target has changed to the same is asked only of what changed, in a form that both versions have in common.
 */
import type { Exclusions } from '../config/input.ts';
import type { SideName } from '../config/side-name.ts';
import type { Reader } from '../ports/database.ts';
import { pinPrinting } from '../postgres/session-pins.sql.ts';
import { copyOn } from '../state/earlier-copy.ts';
import { baselineOf } from '../state/schema-baseline.sql.ts';
import { STAY_BEHIND } from './aurora-extensions.ts';
import { type CodeObject, type CodeText, codeTexts } from './code-objects.sql.ts';
import { codeOf } from './code-record.ts';
import { isAlike } from './code-words.ts';
import { type Change, changesBetween, type Difference, worthNaming } from './differences.ts';
import { isMissing } from './dump/left-behind.ts';
import { recordedOn } from './fingerprint.ts';

export interface CodeDifferences {
  /** On the side that serves: whatever changed, and is not on the other side what it is now. What had to stay behind may change as it likes. */
  readonly from: Difference[];
  /** On the side to go to: what went or changed since it was complete; what was added there is no obstacle. */
  readonly to: Difference[];
  readonly alike: Difference[];
  readonly recorded: Readonly<Record<SideName, boolean>>;
}

/** Milliseconds, as long as any look may take. */
const LONGEST_MS = 300_000;

/** Differences that a target may legitimately have: roles of its own, newer extensions, paths that its functions need. */
const OF_ITS_OWN = /^(?:grants on|default grants of|version of extension|settings of) /;

/** An extension that has come since is named by itself; which version of it each side has is its own. */
const isFirstVersion = ({ object, was }: Difference): boolean => was === undefined && object.startsWith('version of extension ');

/** @param from the side that serves */
export async function codeDifferences(from: SideName, source: Reader, target: Reader): Promise<CodeDifferences> {
  const copy = await copyOn(target);
  const sides = copy ? await recordedOn(target) : undefined;
  const recorded = { source: sides?.has('source code') ?? false, target: sides?.has('target code') ?? false };
  if (!copy) return { from: [], to: [], alike: [], recorded };
  const now = { source: await codeOf(source, copy.exclusions), target: await codeOf(target, copy.exclusions) };
  const since = async (side: SideName): Promise<Change[]> =>
    recorded[side] ? changesBetween(await target.query(baselineOf(`${side} code`)), now[side]) : [];
  const to = from === 'source' ? 'target' : 'source';
  const here = (await since(from)).filter((one) => !isFirstVersion(one) && !isMissing(copy.leftBehind, one.object));
  const there = (await since(to)).filter(({ object, was }) => was !== undefined && !OF_ITS_OWN.test(object));
  const changed = [...new Set([...here, ...there].map(({ object }) => object))];
  const agreed = await agreements(changed, now, { source, target, exclusions: copy.exclusions });
  const disagree = ({ object }: Change): boolean => !agreed.has(object);
  return {
    from: worthNaming(here.filter(disagree)),
    to: worthNaming(there.filter(disagree)),
    alike: worthNaming(here.filter((one) => !disagree(one))),
    recorded,
  };
}

interface Sides {
  readonly source: Reader;
  readonly target: Reader;
  readonly exclusions: Exclusions;
}

/** The objects of which both sides have the same, or neither has any. */
async function agreements(
  objects: readonly string[],
  now: Readonly<Record<SideName, readonly CodeObject[]>>,
  { source, target, exclusions }: Sides,
): Promise<ReadonlySet<string>> {
  if (objects.length === 0) return new Set();
  const definitions = { source: byObject(now.source), target: byObject(now.target) };
  const isSame = (object: string): boolean => definitions.source.get(object)?.definition === definitions.target.get(object)?.definition;
  const doubtful = objects.filter((object) => !isSame(object));
  const [here, there] = [byObject(await texts(source, exclusions, doubtful)), byObject(await texts(target, exclusions, doubtful))];
  return new Set([...objects.filter(isSame), ...doubtful.filter((object) => isAlike(object, here.get(object), there.get(object)))]);
}

const byObject = <One extends { readonly object: string }>(all: readonly One[]): ReadonlyMap<string, One> =>
  new Map(all.map((one) => [one.object, one]));

const texts = async (side: Reader, exclusions: Exclusions, objects: readonly string[]): Promise<CodeText[]> =>
  objects.length === 0
    ? []
    : side.snapshot(async (snapshot) => {
        await snapshot.query(pinPrinting(true, LONGEST_MS));
        return snapshot.query(codeTexts(exclusions, STAY_BEHIND, objects));
      });
