/** `npm run test:deploy`: the app deployed into an emulator of AWS by the real CDK command, a migration through it, and nothing left. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replicationPassword } from '../../lambdas/config/secrets.ts';
import { drawProgress, type Progress } from '../../rehearsal/display/progress.ts';
import { parseOptions, type RehearsalOptions } from '../../rehearsal/options.ts';
import { prepare } from '../../rehearsal/prepare.ts';
import { serverCertificate } from '../../rehearsal/servers/certificates.ts';
import { freePort } from '../../rehearsal/servers/free-port.ts';
import { openSides, type Sides } from '../../rehearsal/sides.ts';
import { CLUSTER, ENGINE_VERSION, makeAccount } from './account.ts';
import { behindALoadBalancer } from './behind-a-load-balancer.ts';
import { bridgeFunctions } from './bridge.ts';
import { Cdk } from './cdk.ts';
import { type Emulator, installEmulator, startEmulator } from './emulator.ts';
import { searchForPasswords } from './leaks.ts';
import { findingsIn, linesOf } from './logs.ts';
import { DeployedMachinery } from './machinery.ts';
import { openMailbox } from './mailbox.ts';
import { type RdsStandIn, startRds } from './rds.ts';
import { reportAtTheEnd, takeAway } from './report.ts';
import { applicationSecret, masterSecret, putSecret, secretText } from './secrets.ts';
import { clientsAt, type Files, filesIn } from './site.ts';
import { findStack, inventory, namesOf, notDeleted } from './stack.ts';
import { walk } from './walk.ts';

/** The version of the source is that of the cluster; both are the newest but one and the newest, as far as the embedded servers go. */
const WORDS = [
  '--source-version',
  '17',
  '--target-version',
  '18',
  '--rows',
  '20000',
  '--rate',
  '100',
  '--copy',
  'parts',
  '--copy-workers',
  '2',
  '--planetscale-api',
];
const OPTIONS = parseOptions(WORDS) as RehearsalOptions;

interface Place {
  readonly files: Files;
  readonly emulator: Emulator;
  readonly rds: RdsStandIn;
  readonly sides: Sides;
  readonly progress: Progress;
}

/** The secret holds what both passwords are made of. */
const passwordsOf = (whose: string, root: string): Record<string, string> => ({
  [`${whose} (what they are made of)`]: root,
  [`${whose} at the source`]: replicationPassword(root, 'source'),
  [`${whose} at the target`]: replicationPassword(root, 'target'),
  [`${whose} at the target, for the copy`]: replicationPassword(root, 'copy'),
});

async function test({ files, emulator, rds, sides, progress }: Place): Promise<void> {
  const { authority } = await serverCertificate();
  const clients = clientsAt(emulator.endpoint, authority);
  progress.say('Loading the sample, making the account, and deploying');
  const [{ subjects, input }, account] = await Promise.all([prepare(OPTIONS, progress, sides), makeAccount(clients)]);
  if (!sides.servers.source) throw new Error('The source is not embedded.');
  await rds.play(clients.rds, sides.servers.source);
  const canary = `canary ${randomBytes(12).toString('hex')}`;
  await putSecret(clients.secrets, account.sourceSecretArn, masterSecret(sides.source));
  await putSecret(clients.secrets, account.applicationSecretArn, applicationSecret(sides.application.source, canary));

  const { planetscale } = sides;
  if (!planetscale) throw new Error('The target has no API.');
  await putSecret(clients.secrets, account.planetscaleTokenSecretArn, JSON.stringify(planetscale.api.token));

  const { publicSubnetIds, ...known } = account;
  const settings = {
    ...known,
    clusterIdentifier: CLUSTER,
    engineVersion: ENGINE_VERSION,
    database: sides.source.database,
    planetscaleOrganization: planetscale.api.site.organization,
    planetscaleDatabase: planetscale.api.site.database,
    notificationEmail: 'somebody@example.com',
  };
  const cdk = new Cdk(emulator.endpoint, files, settings);
  await cdk.bootstrap();
  const before = await inventory(clients);
  const outputs = await cdk.deploy();
  const stack = await findStack(clients);
  progress.say(`Deployed ${stack.resources.length} resources`);
  const functions = namesOf(stack, 'AWS::Lambda::Function');
  await bridgeFunctions(clients.functions, functions, files, planetscale.api.url);

  const readiness = namesOf(stack, 'AWS::Logs::LogGroup').find((name) => name.includes('CheckReadiness')) ?? '';
  const findings = async (execution: string) => findingsIn(await linesOf(clients, readiness), execution);
  const machinery = new DeployedMachinery({ clients, findings, progress });
  const root = async () => JSON.parse(await secretText(clients.secrets, String(outputs.ReplicationSecretName))).password;
  const mailbox = await openMailbox(clients.topics, String(outputs.NotificationTopicArn));
  const firstRoot = await root();
  const options = { ...OPTIONS, input: { ...OPTIONS.input, ...input } };
  const { targetPassword } = await walk({ clients, options, sides, subjects, machinery, rds, account, outputs, stack, mailbox, progress });
  mailbox.close();
  const report = await reportAtTheEnd(clients, stack);
  progress.say(`The report is written: ${Math.round(report.page.length / 1000)} kB of page`);

  const passwords = {
    source: sides.source.password,
    target: targetPassword,
    'token of PlanetScale': planetscale.api.token.token,
    application: canary,
    // The login that the migration has made, which the switch has put there.
    'application at the target': JSON.parse(await secretText(clients.secrets, account.applicationSecretArn)).password,
    ...passwordsOf('replication role', await root()),
    ...passwordsOf('replication role before its rotation', firstRoot),
  };
  const search = await searchForPasswords({
    clients,
    machinery,
    functions,
    assembly: cdk.assembly,
    passwords,
    others: { 'the report': report.page + report.json },
  });
  assert.deepEqual(search.found, []);
  assert.ok(search.characters > 100_000, 'There was next to nothing to look through.');
  progress.say(`No password in ${Math.round(search.characters / 1000)} kB of logs, histories, settings and templates`);

  await cdk.destroy();
  assert.deepEqual(
    (await notDeleted(clients, stack)).map((left) => left.split(' ')[0]),
    ['AWS::S3::Bucket'],
    'Only the reports outlive the stack.',
  );
  await takeAway(clients, report);
  assert.deepEqual(await inventory(clients), before, 'Something of ours is left in the account.');
  progress.say(`Destroyed; nothing is left of ${stack.resources.length} resources`);
  await behindALoadBalancer({ clients, emulator, files, settings: { ...settings, publicSubnetIds }, progress });
  assert.deepEqual(await inventory(clients), before, 'Something of ours is left in the account.');
}

async function main(): Promise<void> {
  const began = performance.now();
  const progress = drawProgress(process.stdout, process.env);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  progress.say('Installing and starting the emulator, and both servers');
  await installEmulator();
  const folder = mkdtempSync(join(tmpdir(), 'aurora-to-planetscale-deploy-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const files = filesIn(folder);
  const { authority, certificate, key } = await serverCertificate();
  writeFileSync(files.authority, authority);
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key, { mode: 0o600 });
  const port = await freePort();
  const rds = await startRds(port, files);
  const sides = await openSides(OPTIONS, { apiCertificate: await serverCertificate() });
  let emulator: Emulator | undefined;
  try {
    emulator = await startEmulator(port, files, rds.endpoint);
    await test({ files, emulator, rds, sides, progress });
    progress.say(`PASSED in ${Math.round((performance.now() - began) / 1000)} s`);
  } catch (error) {
    if (emulator) progress.say(emulator.log().split('\n').slice(-80).join('\n'));
    throw error;
  } finally {
    await emulator?.stop();
    rds.stop();
    sides.destroy();
  }
}

await main();
