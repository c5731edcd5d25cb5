/** The methods of moving a database that are compared. Each is timed from an empty target to the last index. */
import pg from 'pg';
import { pgDump } from '../../lambdas/adapters/pg-dump/pg-dump.ts';
import { clientConfig } from '../../lambdas/adapters/postgres/client-config.ts';
import { REPLICATION_ROLE } from '../../lambdas/config/names.ts';
import { newPassword } from '../../lambdas/config/secrets.ts';
import { noApplication, noHook, noMadeLogin } from '../../lambdas/ports/application.ts';
import { noLimit } from '../../lambdas/ports/concurrency.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { noFunctions } from '../../lambdas/ports/functions.ts';
import { conninfo, literal } from '../../lambdas/postgres/quote.ts';
import { adapt } from '../../lambdas/schema/dump/adapt.ts';
import { splitDump } from '../../lambdas/schema/dump/statements.ts';
import { unmanagedCluster } from '../../rehearsal/aurora-stand-in.ts';
import { replicationSecret } from '../../rehearsal/bindings.ts';
import { startExecution } from '../../rehearsal/machines/execution.ts';
import { ExecutionRegistry } from '../../rehearsal/machines/registry.ts';
import { synthesizeMachines } from '../../rehearsal/machines/synthesize.ts';
import { isInstalled, run } from './programs.ts';

export interface Route {
  readonly source: ConnectionSettings;
  /** An empty database of this contender's own. */
  readonly target: ConnectionSettings;
  /** PEM file of the authority that both servers' certificates are signed by. */
  readonly authorityFile: string;
}

export interface Contender {
  readonly name: string;
  /** The reason why it cannot take part on this machine, if it cannot. */
  missing(): Promise<string | undefined>;
  /** Everything up to and including the last index; not the tidying up. */
  copy(route: Route): Promise<void>;
  /** Removes what would be in the way of the next one. */
  tidy?(route: Route): Promise<void>;
}

const INDEX_WORKERS = 2;
const POLL_MS = 100;

async function withClient<Result>(settings: ConnectionSettings, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(clientConfig(settings, 'benchmark'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const machines = synthesizeMachines(); // in production done long before, by `cdk deploy`

/** The machine `Replicate`, stopped when BuildIndexes is done. Polls faster than in production, as the others do not poll at all. */
const thisProject: Contender = {
  name: 'this project',
  missing: async () => undefined,
  async copy({ source, target }) {
    const secret = replicationSecret(newPassword());
    const execution = startExecution({
      machine: machines.Replicate,
      name: 'benchmark',
      input: { indexWorkers: INDEX_WORKERS },
      registry: new ExecutionRegistry(),
      places: {
        source,
        target,
        cluster: unmanagedCluster,
        application: noApplication,
        applicationLogin: noMadeLogin,
        hook: noHook,
        functions: noFunctions,
        concurrency: noLimit,
        replication: { user: REPLICATION_ROLE, password: secret.password, host: source.host, port: source.port, sslmode: 'require' },
        wayBack: {},
        replicationSecret: secret,
      },
      pace: { budgetMs: 60_000, pollMs: POLL_MS, retryMs: 500 },
      onVisited({ step, outcome }, { abort }) {
        if (step === 'BuildIndexes' && 'verdict' in outcome && outcome.verdict === 'done') abort();
      },
    });
    const { failure, states } = await execution.ended;
    if (failure) throw new Error(`Replicate failed: ${failure.error}: ${failure.cause}`);
    for (const { name, seconds } of states) if (seconds >= 0.5) console.log(`    ${name} ${seconds.toFixed(1)} s`);
  },
  async tidy({ source, target }) {
    await dropSubscriptions(target);
    await withClient(source, (client) => client.query('drop publication if exists planetscale_migration'));
  },
};

/** "Postgres Imports - WAL Streaming": the whole schema with its indexes, then publication and subscription. */
const guide: Contender = {
  name: "the guide's order",
  missing: async () => undefined,
  async copy({ source, target }) {
    const schema = await pgDump(source, 'benchmark').dump(['--schema-only', '--no-owner', '--no-privileges']);
    await withClient(target, async (client) => {
      for (const { text } of adapt(splitDump(schema))) await client.query(text);
    });
    await withClient(source, (client) => client.query('create publication guide for all tables'));
    const { host, port, user, password, database: dbname } = source;
    await withClient(target, async (client) => {
      const connection = conninfo({ host, port, user, password, dbname, sslmode: 'require' });
      await client.query(`create subscription guide connection ${literal(connection)} publication guide`);
      const ready = `select from pg_subscription_rel having bool_and(srsubstate = 'r')`;
      while ((await client.query(ready)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    });
  },
  async tidy({ source, target }) {
    await dropSubscriptions(target);
    await withClient(source, (client) => client.query('drop publication if exists guide'));
  },
};

async function dropSubscriptions(target: ConnectionSettings): Promise<void> {
  await withClient(target, async (client) => {
    const { rows } = await client.query(
      'select subname::text as name from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())',
    );
    for (const { name } of rows) await client.query(`drop subscription ${client.escapeIdentifier(name)}`);
  });
}

/** Passwords go through the environment, never through arguments. */
const uri = ({ user, host, port, database }: ConnectionSettings, authorityFile: string): string =>
  `postgresql://${encodeURIComponent(user)}@${host}:${port}/${encodeURIComponent(database)}?sslmode=verify-full&sslrootcert=${encodeURIComponent(authorityFile)}`;

const dumpAndPsql: Contender = {
  name: 'pg_dump | psql',
  missing: async () => ((await isInstalled('pg_dump')) && (await isInstalled('psql')) ? undefined : 'pg_dump and psql are not installed'),
  copy: ({ source, target, authorityFile }) =>
    run(
      'bash',
      [
        '-c',
        'set -o pipefail; PGPASSWORD=$FROM_PASSWORD pg_dump --no-owner --no-privileges "$FROM" | PGPASSWORD=$TO_PASSWORD psql -q -v ON_ERROR_STOP=1 "$TO" >/dev/null',
      ],
      {
        FROM: uri(source, authorityFile),
        TO: uri(target, authorityFile),
        FROM_PASSWORD: source.password,
        TO_PASSWORD: target.password,
      },
    ),
};

const withPassword = (settings: ConnectionSettings, authorityFile: string): string =>
  uri(settings, authorityFile).replace('@', `:${encodeURIComponent(settings.password)}@`);

const pgcopydb: Contender = {
  name: 'pgcopydb',
  missing: async () => ((await isInstalled('pgcopydb')) ? undefined : 'pgcopydb is not installed'),
  copy: ({ source, target, authorityFile }) =>
    run(
      'pgcopydb',
      ['clone', '--no-owner', '--no-acl', '--no-comments', '--skip-extensions', '--table-jobs', '2', '--index-jobs', String(INDEX_WORKERS)],
      {
        PGCOPYDB_SOURCE_PGURI: withPassword(source, authorityFile),
        PGCOPYDB_TARGET_PGURI: withPassword(target, authorityFile),
      },
    ),
};

export const CONTENDERS: readonly Contender[] = [guide, thisProject, pgcopydb, dumpAndPsql];
