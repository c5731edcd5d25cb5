/** A whole migration in a deployed account, from an empty secret and a token to a cleaned-up cluster, and everything that has to be true on the way. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../lambdas/config/json.ts';
import type { MachineName } from '../../lambdas/engine/machines.ts';
import type { Measures } from '../../lambdas/monitoring/metrics.ts';
import { statement } from '../../lambdas/postgres/quote.ts';
import type { Machinery } from '../../rehearsal/context.ts';
import type { Progress } from '../../rehearsal/display/progress.ts';
import { summary } from '../../rehearsal/display/summary.ts';
import { lookAtBoth } from '../../rehearsal/inventory/look.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import { perform } from '../../rehearsal/perform.ts';
import type { Report } from '../../rehearsal/report.ts';
import type { Sides } from '../../rehearsal/sides.ts';
import type { Subject } from '../../rehearsal/workload/subject.ts';
import { type AccountSettings, type ClusterSettings, clusterSettings, PARAMETERS, WRITER } from './account.ts';
import type { Outputs } from './cdk.ts';
import type { DeployedMachinery } from './machinery.ts';
import type { Mailbox } from './mailbox.ts';
import type { RdsStandIn } from './rds.ts';
import { applicationReading, labelsOf, secretText, tagsOf } from './secrets.ts';
import type { Clients } from './site.ts';
import { type DeployedStack, STACK } from './stack.ts';
import { look } from './watch.ts';

export interface Walk {
  readonly clients: Clients;
  readonly options: RehearsalOptions;
  readonly sides: Sides;
  readonly subjects: readonly Subject[];
  readonly machinery: DeployedMachinery;
  readonly rds: RdsStandIn;
  readonly account: AccountSettings;
  readonly outputs: Outputs;
  readonly stack: DeployedStack;
  readonly mailbox: Mailbox;
  readonly progress: Progress;
}

/** @returns with the password of the role that was made at the target */
export async function walk(given: Walk): Promise<{ readonly report: Report; readonly targetPassword: string }> {
  const { clients, options, sides, subjects, machinery, rds, stack, mailbox, progress } = given;
  const { applicationSecretArn } = given.account;
  const targetSecret = String(given.outputs.TargetSecretName);
  const tokenTags = await tagsOf(clients.secrets, given.account.planetscaleTokenSecretArn);
  let targetPassword = '';
  const before = await clusterSettings(clients);
  const original = await secretText(clients.secrets, applicationSecretArn);
  const secret = applicationReading(clients.secrets, applicationSecretArn, sides);
  const report = await perform(
    { options, hooks: { progress }, sides, subjects, secret },
    accompanied(given, {
      async Preflight() {
        assert.equal(await look(clients, stack), undefined, 'Nothing is watched before an acting machine was started.');
        assert.equal(await secretText(clients.secrets, targetSecret), '', 'Preflight fills in nothing.');
      },
      async Replicate() {
        await isConfigured(given, before);
        await knowsTheLogin(given);
        targetPassword = sides.target.password;
        await isCopiedInParts(given);
        await mailbox.receive(`${STACK}: ready to cut over`);
        await sees(given, { ServingTarget: 0, HeartbeatGaps: 0 });
        await rotates(given);
      },
      async Cutover() {
        await mailbox.receive(`${STACK}: switched to PlanetScale`);
        await sees(given, { ServingTarget: 1, HeartbeatGaps: 0 });
      },
      async Rollback() {
        await mailbox.receive(`${STACK}: rolled back to Aurora`);
        assert.equal(await secretText(clients.secrets, applicationSecretArn), original, 'Rollback puts the secret back letter by letter.');
        await isRecoveredFrom(given);
      },
      Cleanup: () => knowsTheLogin(given),
    }),
  );
  progress.say(summary(report));
  assert.deepEqual(report.reasons, []);
  assert.equal(report.outcome, 'passed');
  assert.equal(report.copy.way, 'parts');
  assert.deepEqual(
    report.machines.map(({ name }) => name),
    ['Preflight', 'Replicate', 'Cutover', 'Rollback', 'Cutover', 'Cleanup'],
  );
  await mailbox.receive(`${STACK}: cleaned up`);
  assert.equal(await look(clients, stack), undefined, 'Nothing is watched any more.');
  assert.deepEqual([...new Set(rds.reboots)], [WRITER], 'The writer is rebooted, and no other instance.');
  assert.deepEqual(await workMemory(sides), [{ work_mem: `${PARAMETERS.work_mem}kB` }], 'The user’s own parameters stay in force.');
  assert.equal(await secret.pointsAt(), 'target');
  assert.deepEqual(await labelsOf(clients.secrets, applicationSecretArn), [], 'Cleanup lets go of the secret’s original value.');
  assert.deepEqual(await clusterSettings(clients), before, 'Cleanup puts the cluster back as it was.');
  assert.equal((await machinery.executionsOf('Recovery')).length, 1);
  assert.equal(await secretText(clients.secrets, targetSecret), '{}', 'The role was deleted, and its login is in the secret no longer.');
  assert.deepEqual(await tagsOf(clients.secrets, given.account.planetscaleTokenSecretArn), tokenTags, 'The journal is gone.');
  assert.deepEqual(sides.planetscale?.api.roles.list, []);
  return { report, targetPassword };
}

const workMemory = (sides: Sides) => lookAtBoth(sides, ({ source }) => source(statement('show work_mem')));

/** The rehearsal looks at the target as the login that the migration has there. */
async function knowsTheLogin({ clients, sides, outputs }: Walk): Promise<void> {
  if (sides.planetscale) sides.planetscale.secret = await secretText(clients.secrets, String(outputs.TargetSecretName));
}

/** The same machinery, with what else happens in the course of a migration, each after the machine that it follows. */
function accompanied(given: Walk, follow: Readonly<Partial<Record<MachineName, () => Promise<void>>>>): Machinery {
  const { machinery } = given;
  const run = async (name: MachineName, input?: Readonly<Record<string, Json>>) => {
    const outcome = await machinery.run(name, input);
    if (outcome.status === 'SUCCEEDED') await follow[name]?.();
    return outcome;
  };
  return { run, abort: () => machinery.abort(), outcomes: machinery.outcomes };
}

async function isConfigured({ clients }: Walk, before: ClusterSettings): Promise<void> {
  const now = await clusterSettings(clients);
  assert.notEqual(now.parameterGroup, before.parameterGroup);
  assert.equal(now.securityGroups.length, before.securityGroups.length + 1);
  assert.deepEqual(Object.values(now.publiclyAccessible), [true, true]);
  assert.ok(now.tags.length > 0, 'The cluster carries the journal of what it was.');
}

/** By the workers of the deployed map, each an execution of its own. */
async function isCopiedInParts({ machinery, progress }: Walk): Promise<void> {
  const evidence = machinery.outcomes.findLast(({ name }) => name === 'Replicate')?.evidence;
  const listed = evidence?.SeedCopy as { readonly workers: readonly unknown[] };
  const found = evidence?.FinishParts as { readonly parts: number; readonly done: number };
  progress.say(`Copied in ${found.done} of ${found.parts} parts, by ${listed.workers.length} children of the map`);
  assert.ok(listed.workers.length > 1 && found.parts > 1, 'Rows are copied in parts, by more than one child.');
  assert.equal(found.done, found.parts);
  const [replicate] = await machinery.executionsOf('Replicate');
  const children = await machinery.childrenOf(replicate?.executionArn ?? '');
  assert.deepEqual(
    children.map(({ status }) => status),
    listed.workers.map(() => 'SUCCEEDED'),
  );
}

/** @param expected some of what the watch measures */
async function sees({ clients, stack }: Walk, expected: Measures): Promise<void> {
  const measures = await look(clients, stack);
  assert.deepEqual(
    Object.keys(expected).map((name) => [name, measures?.[name as keyof Measures]]),
    Object.entries(expected),
  );
}

async function rotates({ clients, machinery, outputs }: Walk): Promise<void> {
  const password = () => secretText(clients.secrets, String(outputs.ReplicationSecretName));
  const before = await password();
  const { status, failure } = await machinery.outcomeOf('Rotation', await machinery.start('Rotation'));
  assert.equal(status, 'SUCCEEDED', JSON.stringify(failure));
  assert.notEqual(await password(), before);
}

/** The rule starts Recovery by itself. */
async function isRecoveredFrom({ machinery, mailbox, progress }: Walk): Promise<void> {
  progress.say('A Cutover that the operator stops, and the Recovery that follows');
  const execution = await machinery.start('Cutover');
  await machinery.untilAtWork(execution);
  await machinery.stop(execution);
  assert.equal((await machinery.outcomeOf('Cutover', execution)).status, 'ABORTED');
  for (;;) {
    const [recovery] = await machinery.executionsOf('Recovery');
    if (recovery?.executionArn !== undefined) {
      const { status, failure } = await machinery.outcomeOf('Recovery', recovery.executionArn);
      assert.equal(status, 'SUCCEEDED', JSON.stringify(failure));
      await mailbox.receive(`${STACK}: an interrupted switch is settled`);
      return;
    }
    await sleep(100);
  }
}
