/** The evidence of a clean-up. */
import type { Json } from '../config/json.ts';
import type { SideName } from '../config/side-name.ts';
import { leftAlone, stillSet } from '../replication/identity/put-back.ts';
import type { PublisherArtifacts } from './publisher.ts';
import { belongsToAnother, type CleanupState, isWithoutTarget, servedIn } from './state.ts';

/** @param before the state when the visit began: the gates are gone once it has acted */
export function evidenceOf(ctx: CleanupState, before: CleanupState): { readonly [key: string]: Json } {
  const served = servedIn(ctx, before);
  return {
    source: { ...onSource(ctx), ...identitiesOn(ctx.source, before.source), ...keysOn(ctx.source, before.source) },
    target: { ...onTarget(ctx), ...identitiesOn(ctx.target, before.target), ...keysOn(ctx.target, before.target) },
    ...(served === undefined ? {} : { served, says: SAYS[served] }),
    ...(ctx.pointsAt === undefined ? {} : { secretLeadsTo: ctx.pointsAt }),
  };
}

/** The side that served the application by the evidence of this execution's last visit. */
export function servedAccordingTo(previous: Json | undefined): SideName | undefined {
  const served = typeof previous === 'object' && previous !== null && 'served' in previous ? previous.served : undefined;
  return served === 'source' || served === 'target' ? served : undefined;
}

/** Texts about the side that serves. Neither side knows it once the gates are gone, so it is reported while it is known. */
const SAYS: Record<SideName, string> = {
  source:
    'The source serves the application. Once this is done the target takes writes from every role as well, as it did before the migration, and ' +
    'nothing that is written there reaches the source.',
  target:
    'The target serves the application. Once this is done the source takes writes from every role again, as it did before the migration, and ' +
    'nothing that is written there reaches the target: stop whatever still connects to the source.',
};

const streamEvidence = ({ slots, publication, role }: PublisherArtifacts) => ({
  slots: slots.map(({ name, retainedBytes }) => ({ name, retainedBytes })),
  publication,
  role: role.exists,
  ...(role.exists ? { roleIsUsedBy: [...role.usedBy] } : {}),
});

const MOST_SHOWN = 20;

/** The record is gone once all is clean, so the visit that drops it reports what was left alone. */
function identitiesOn(now: CleanupState['source' | 'target'], before: CleanupState['source' | 'target']): { readonly [key: string]: Json } {
  const recordOf = (side: CleanupState['source' | 'target']) => (side.reached ? (side.artifacts.identities ?? []) : []);
  const record = recordOf(now).length > 0 ? recordOf(now) : recordOf(before);
  const [waiting, left] = [stillSet(recordOf(now)), leftAlone(record)];
  return {
    ...(waiting.length > 0 ? { replicaIdentitiesToPutBack: waiting.slice(0, MOST_SHOWN) } : {}),
    ...(left.length > 0 ? { replicaIdentitiesLeftAlone: left.slice(0, MOST_SHOWN) } : {}),
  };
}

/** The same for foreign keys, and for forced row-level security. */
function keysOn(now: CleanupState['source' | 'target'], before: CleanupState['source' | 'target']): { readonly [key: string]: Json } {
  const statementsOf = (what: 'keys' | 'force'): readonly string[] => {
    const of = (side: CleanupState['source' | 'target']) => (side.reached ? (side.artifacts[what] ?? []) : []);
    return of(now).length > 0 ? of(now) : of(before);
  };
  const [keys, force] = [statementsOf('keys'), statementsOf('force')];
  return {
    ...(keys.length > 0 ? { foreignKeysToMake: keys.slice(0, MOST_SHOWN) } : {}),
    ...(force.length > 0 ? { rowSecurityToForce: force.slice(0, MOST_SHOWN) } : {}),
  };
}

function onSource({ source }: CleanupState): { readonly [key: string]: Json } {
  if (!source.reached) return { unreachable: source.reason };
  const { publisher, subscription, schema, gate } = source.artifacts;
  return { ...streamEvidence(publisher), subscription, schema, ...(gate ? { gate: gate.state } : {}) };
}

function onTarget(ctx: CleanupState): { readonly [key: string]: Json } {
  const { target } = ctx;
  if (isWithoutTarget(ctx)) return { nothingOfOurs: 'The migration has no login at the target, and nothing of it is at the source.' };
  if (!target.reached) return { unreachable: target.reason };
  const { subscriptions, publisher, schema, copied, gate } = target.artifacts;
  return {
    subscriptions: [...subscriptions],
    ...streamEvidence(publisher),
    schema,
    ...(gate ? { gate: gate.state } : {}),
    ...(copied === undefined ? {} : { copiedObjects: copied }),
    ...(belongsToAnother(ctx) ? { followsAnotherSource: true } : {}),
  };
}
