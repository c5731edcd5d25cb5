/** The methods of moving a database that are compared. Each is timed from an empty target to the last index. */
import { pgDump } from '../../lambdas/adapters/pg-dump/pg-dump.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import { conninfo, literal } from '../../lambdas/postgres/quote.ts';
import { adapt } from '../../lambdas/schema/dump/adapt.ts';
import { splitDump } from '../../lambdas/schema/dump/statements.ts';
import { dropSubscriptions, POLL_MS, replicate, tidyUp, withClient } from '../replicate.ts';
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

/** How the contenders work, as far as it can be chosen. */
export interface Choices {
  /** Workers of a copy in parts, and tables at a time of pgcopydb. */
  readonly copyWorkers: number;
  /** Bytes of a part; the same for pgcopydb, which splits tables that are larger. */
  readonly partBytes: number;
  /** Index builds at a time. */
  readonly indexWorkers: number;
}

/** The machine `Replicate`, stopped when BuildIndexes is done. */
const thisProject = (way: 'stream' | 'parts', { copyWorkers, partBytes, indexWorkers }: Choices): Contender => ({
  name: way === 'stream' ? BY_STREAM : 'this project, in parts',
  missing: async () => undefined,
  async copy({ source, target }) {
    const input = { copy: way, indexWorkers, ...(way === 'parts' ? { copyWorkers, partBytes } : {}) };
    const { states } = await replicate({ source, target, input, until: 'BuildIndexes' });
    for (const { name, seconds } of states) if (seconds >= 0.5) console.log(`    ${name} ${seconds.toFixed(1)} s`);
  },
  tidy: ({ source, target }) => tidyUp(source, target),
});

/** Event triggers of RDS cannot be made elsewhere. */
const TABLES_ONLY = ['--table=public.*'];

/** "Postgres Imports - WAL Streaming": the whole schema with its indexes, then publication and subscription. */
const guide: Contender = {
  name: "the guide's order",
  missing: async () => undefined,
  async copy({ source, target }) {
    const schema = await pgDump(source, 'benchmark').dump(['--schema-only', '--no-owner', '--no-privileges', ...TABLES_ONLY]);
    await withClient(target, async (client) => {
      for (const { text } of adapt(splitDump(schema))) await client.query(text);
    });
    await withClient(source, async (client) => {
      await client.query(`grant rds_replication to ${client.escapeIdentifier(source.user)}`);
      await client.query('create publication guide for table orders, items, events');
    });
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
        `set -o pipefail; PGPASSWORD=$FROM_PASSWORD pg_dump --no-owner --no-privileges '${TABLES_ONLY.join("' '")}' "$FROM" | PGPASSWORD=$TO_PASSWORD psql -q -v ON_ERROR_STOP=1 "$TO" >/dev/null`,
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

const pgcopydb = ({ copyWorkers, partBytes, indexWorkers }: Choices): Contender => ({
  name: 'pgcopydb',
  missing: async () => ((await isInstalled('pgcopydb')) ? undefined : 'pgcopydb is not installed'),
  copy: ({ source, target, authorityFile }) =>
    run(
      'pgcopydb',
      [
        ...['clone', '--no-owner', '--no-acl', '--no-comments', '--skip-extensions', '--split-tables-larger-than', `${partBytes}B`],
        ...['--table-jobs', String(copyWorkers), '--index-jobs', String(indexWorkers)],
      ],
      {
        PGCOPYDB_SOURCE_PGURI: withPassword(source, authorityFile),
        PGCOPYDB_TARGET_PGURI: withPassword(target, authorityFile),
      },
    ).catch((error: Error) => {
      // What comes last: an event trigger of RDS, which cannot be made elsewhere. Rows, keys and indexes are there.
      if (!error.message.includes('permission denied to create event trigger')) throw error;
    }),
});

/** Whose time is 1 in the ratios. */
export const BY_STREAM = 'this project, by stream';

/** Names by which they are chosen, in the order in which they take part. */
export const ALL = ['guide', 'stream', 'parts', 'pgcopydb', 'pg_dump'];

export const contenders = (choices: Choices): ReadonlyMap<string, Contender> =>
  new Map([
    ['guide', guide],
    ['stream', thisProject('stream', choices)],
    ['parts', thisProject('parts', choices)],
    ['pgcopydb', pgcopydb(choices)],
    ['pg_dump', dumpAndPsql],
  ]);
