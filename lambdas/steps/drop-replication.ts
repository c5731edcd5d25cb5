/**
 * State `DropReplication`: removes what the migration made in both databases, from every state. Guide W, step 11, with what it leaves out.
 * A side that cannot be reached does not keep the other from being cleaned; the execution ends red and says what is left.
 */
import { leftInTheWay, leftOfAnother, leftOnSource, leftOnTarget } from '../cleanup/left.ts';
import { look, type Side } from '../cleanup/side.ts';
import { cleanSource, lookAtSource, type SourceTraces, sourceIsClean } from '../cleanup/source.ts';
import { cleanTarget, followsAnother, lookAtTarget, type TargetTraces, targetIsClean } from '../cleanup/target.ts';
import type { Acting, Endpoint, Json, Looking } from '../contract.ts';
import { CleanupIncomplete } from '../errors.ts';
import { refuseBesideOlder } from '../running.ts';
import { defineStep } from '../step.ts';

type Needs = 'executions' | 'source' | 'target';

interface Seen {
  readonly source: Side<SourceTraces>;
  readonly target: Side<TargetTraces>;
  readonly at: { readonly source: Endpoint; readonly target: Endpoint };
  readonly waitedSeconds: number;
}

/** A failover takes a minute or two, a reboot with recovery rarely ten; meanwhile a slot on the source may be filling its disk. */
const PATIENCE_SECONDS = 600;
const STEP = 'DropReplication';

const isAnothers = ({ source, target, at }: Seen): boolean => target.reached && followsAnother(target.traces, source, at.source.database);
const sourceIsTodo = ({ source }: Seen): boolean => source.reached && !sourceIsClean(source.traces);
const targetIsTodo = (seen: Seen): boolean => seen.target.reached && !isAnothers(seen) && !targetIsClean(seen.target.traces);

/** Whether a side that is out of reach may come back while the execution waits. */
const mayComeBack = ({ source, target, waitedSeconds }: Seen): boolean =>
  waitedSeconds < PATIENCE_SECONDS && [source, target].some((side) => !side.reached && side.passing);

/** What is left, in a sentence or more for each side. */
function left(seen: Seen, drop: boolean): string[] {
  const { source, target, at } = seen;
  return [
    ...(source.reached ? [] : [leftOnSource(at.source, source.reason)]),
    ...(target.reached ? [] : [leftOnTarget(at.target, at.source.database, target.reason, drop)]),
    ...(target.reached && isAnothers(seen)
      ? [leftOfAnother(at.target, at.source.database, target.traces.subscriptions, target.traces.copy?.sourceDatabase)]
      : []),
  ];
}

export const dropReplication = defineStep({
  needs: ['executions', 'source', 'target'],
  understands: ['target'],

  async inspect({ executions, source, target, input, waitedSeconds }: Looking<Needs>): Promise<Seen> {
    await refuseBesideOlder(executions);
    const at = { source: source.endpoint, target: target.endpoint };
    const drop = input.target === 'drop';
    return {
      source: await look(() => lookAtSource(source)),
      target: await look(() => lookAtTarget(target, at.source.database, drop)),
      at,
      waitedSeconds,
    };
  },

  judge(seen, input) {
    const drop = input.target === 'drop';
    if (seen.target.reached && !isAnothers(seen) && seen.target.traces.inTheWay.length > 0) {
      throw new CleanupIncomplete(leftInTheWay(seen.at.target, seen.target.traces.inTheWay));
    }
    if (sourceIsTodo(seen) || targetIsTodo(seen)) return 'todo';
    if (mayComeBack(seen)) return 'pending';
    const all = left(seen, drop);
    if (all.length > 0) throw new CleanupIncomplete(`Something of the migration is left. ${all.join(' ')}`);
    return 'done';
  },

  /** What fails on one side must not keep the other from being cleaned. */
  async act({ source, target, input, remainingMs }: Acting<Needs>, seen) {
    const options = { database: seen.at.source.database, drop: input.target === 'drop', step: STEP, remainingMs };
    const [onTarget] = await Promise.allSettled([targetIsTodo(seen) ? cleanTarget(target, options) : true]);
    const onSource = sourceIsTodo(seen) ? await cleanSource(source, STEP, remainingMs) : true;
    if (onTarget.status === 'rejected') throw onTarget.reason;
    return onTarget.value && onSource ? undefined : 'pending';
  },

  evidence: (seen) => ({ source: sourceEvidence(seen), target: targetEvidence(seen) }),
});

function sourceEvidence({ source }: Seen): Json {
  if (!source.reached) return { unreachable: source.reason };
  const { slots, publication, role, schema } = source.traces;
  return {
    slots: slots.map(({ name, retainedBytes }) => ({ name, retainedBytes })),
    publication,
    schema,
    role: role.exists,
    ...(role.exists ? { roleIsUsedBy: [...role.usedBy] } : {}),
  };
}

function targetEvidence(seen: Seen): Json {
  const { target } = seen;
  if (!target.reached) return { unreachable: target.reason };
  const { subscriptions, schema, copied } = target.traces;
  return {
    subscriptions: [...subscriptions],
    schema,
    ...(copied === undefined ? {} : { copiedObjects: copied }),
    ...(isAnothers(seen) ? { followsAnotherSource: true } : {}),
  };
}
