/**
 * Peak memory of each step's function, and load time of its code: the bundle under Node.js 24, a process for each visit, through
 * a whole migration of many tables, with large values among the rows.
 * `npm run bench:memory -- --tables 2000 --rows 1000000 --wide 40 --memory 512`; with `--only CopySchema,CheckCutover` these steps alone
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VARIABLE } from '../lambdas/config/environment.ts';
import { REPLICATION_ROLE } from '../lambdas/config/names.ts';
import { newPassword } from '../lambdas/config/secrets.ts';
import type { StepEvent, StepResult } from '../lambdas/engine/contract.ts';
import type { StepName } from '../lambdas/engine/machines.ts';
import { MACHINE_NAMES, MACHINES } from '../lambdas/engine/machines.ts';
import { needsOf } from '../lambdas/steps/index.ts';
import { bundle } from '../lib/bundle.ts';
import { asSuperuser, startPair } from '../rehearsal/servers/pair.ts';
import { startAws } from './memory/aws.ts';
import { visit } from './memory/function.ts';

const { values } = parseArgs({
  options: {
    tables: { type: 'string', default: '2000' },
    rows: { type: 'string', default: '1000000' },
    wide: { type: 'string', default: '40' },
    memory: { type: 'string', default: '512' },
    only: { type: 'string', default: '' },
  },
});
const memoryMb = Number(values.memory);
const BUDGET_MS = 300_000;
/** Values of 4 MB: more than most rows of an application, as large as a document or an image. */
const WIDE_BYTES = 4_000_000;

const pair = await startPair({
  source: 15,
  target: 18,
  sourceParameters: { wal_level: 'logical', max_replication_slots: 20, max_wal_senders: 30, max_locks_per_transaction: 1024 },
  targetParameters: {
    max_worker_processes: 20,
    max_logical_replication_workers: 12,
    max_sync_workers_per_subscription: 6,
    max_locks_per_transaction: 1024,
  },
});
const folder = mkdtempSync(join(tmpdir(), 'bench-memory-'));
try {
  const database = await pair.createDatabase('bench');
  const { source, target } = database;
  const table = (n: number) =>
    `create table t${n} (id bigserial primary key, name text not null default 'x', made timestamptz default now(), amount numeric(12, 2));
create index on t${n} (name); create index on t${n} (made, amount); insert into t${n} (amount) values (1)`;
  await asSuperuser({ ...source }, [
    ...Array.from({ length: Number(values.tables) }, (_, n) => table(n)),
    'create table big (id bigserial primary key, name text, amount numeric)',
    `insert into big (name, amount) select 'name ' || n, n from generate_series(1, ${Number(values.rows)}) as n`,
    'create table wide (id bigserial primary key, document text)',
    `insert into wide (document) select repeat(md5(n::text), ${WIDE_BYTES / 32}) from generate_series(1, ${Number(values.wide)}) as n`,
  ]);

  bundle(folder);
  const authorities = join(folder, 'authorities.pem');
  writeFileSync(authorities, pair.source.authority);
  const login = ({ user, password, host, port }: typeof source) => ({ username: user, password, host, port, dbname: 'bench' });
  const aws = await startAws({
    source: JSON.stringify(login(source)),
    target: JSON.stringify(login(target)),
    replication: JSON.stringify({ username: REPLICATION_ROLE, password: newPassword() }),
  });
  const environment = {
    [VARIABLE.database]: 'bench',
    [VARIABLE.sourceSecret]: 'source',
    [VARIABLE.targetSecret]: 'target',
    [VARIABLE.replicationSecret]: 'replication',
    [VARIABLE.sourceAuthorities]: authorities,
    [VARIABLE.subscriptionSslmode]: 'require',
    [VARIABLE.clusterIdentifier]: 'bench',
    [VARIABLE.parameterGroup]: 'group',
    [VARIABLE.actingMachines]: 'arn:aws:states:eu-central-1:111122223333:stateMachine:Bench-Replicate',
    NODE_EXTRA_CA_CERTS: authorities, // in place of the public authorities
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
  };

  const inits: number[] = [];
  const state: Record<string, StepResult> = {};
  /** Visits until the step is done. @returns what ended it otherwise */
  const measure = async (name: string, step: StepName): Promise<void> => {
    delete state[step];
    let peak = 0;
    let visits = 0;
    let longest = 0;
    for (;;) {
      const event: StepEvent = {
        input: {},
        state,
        execution: 'bench',
        executionArn: 'arn',
        startedAt: new Date().toISOString(),
        polls: true,
      };
      const began = performance.now();
      const visited = await visit(folder, { ...environment, [VARIABLE.step]: step }, event, { memoryMb, budgetMs: BUDGET_MS });
      longest = Math.max(longest, performance.now() - began);
      visits += 1;
      peak = Math.max(peak, visited.peakMb);
      inits.push(visited.initMs);
      const { result, error } = visited;
      if (result) state[step] = result;
      if (result?.verdict === 'pending') continue;
      const ended = error ? `${error.name}: ${error.message.slice(0, 60)}` : '';
      console.log(
        `${name.padEnd(32)}${peak.toFixed(0).padStart(6)} MB${String(visits).padStart(4)} visits${(longest / 1000).toFixed(1).padStart(7)} s  ${ended}`,
      );
      return;
    }
  };

  console.log(`${'step'.padEnd(32)}  peak           longest, with functions of ${memoryMb} MB`);
  /** A function that only calls the API of RDS needs no more memory than when it is loaded. */
  const speaksToADatabase = (step: StepName) => needsOf(step).some((need) => need === 'source' || need === 'target');
  const only = values.only === '' ? undefined : values.only.split(',');
  for (const machine of MACHINE_NAMES.filter((name) => name !== 'Recovery' && name !== 'Rotation')) {
    for (const { step } of MACHINES[machine].order.filter((stage) => speaksToADatabase(stage.step))) {
      if (only && !only.includes(step)) continue;
      await measure(`${machine} ${step}`, step);
      if (step === 'CompareData' && machine === 'Replicate') {
        await asSuperuser({ ...target }, [`update wide set document = document || 'x'`]);
        await measure('the same, all large values differ', step);
        await asSuperuser({ ...target }, [`update wide set document = left(document, ${WIDE_BYTES})`]);
      }
    }
  }
  inits.sort((a, b) => a - b);
  console.log(`loading the code: median ${inits[Math.floor(inits.length / 2)]?.toFixed(0)} ms of ${inits.length} times`);
  aws.close();
} finally {
  rmSync(folder, { recursive: true });
  pair.destroy();
}
