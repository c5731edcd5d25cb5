/** The port `comparison`: both sides, logged in as the replication role. */
import { CannotConnect } from '../../config/errors.ts';
import type { SideName } from '../../config/side-name.ts';
import type { ConnectionSettings } from '../../ports/connection-settings.ts';
import type { ComparisonReaders, Endpoint, Reader } from '../../ports/database.ts';
import type { ReplicationLogin } from '../../ports/replication.ts';
import { type DatabasePort, databasePort } from './database.ts';
import type { WholeWords } from './database-errors.ts';
import { type NamesItself, userAt } from './user-at.ts';

export interface ComparisonPort {
  readonly readers: ComparisonReaders;
  close(): Promise<void>;
}

/** Connection to a side with our own login. */
export interface ComparedSide extends NamesItself {
  readonly settings: ConnectionSettings;
}

export function comparisonPort(
  login: Pick<ReplicationLogin, 'user' | 'password'>,
  sides: Readonly<Record<SideName, ComparedSide>>,
  step: string,
  log?: WholeWords,
): ComparisonPort {
  const source = readerAs(login, sides.source, step, 'source', log);
  const target = readerAs(login, sides.target, step, 'target', log);
  return {
    readers: { source: source.reader, target: target.reader },
    close: async () => {
      await Promise.all([source.close(), target.close()]);
    },
  };
}

/** A reader as the replication role, which reads the password and connects at its first query. */
function readerAs(
  login: Pick<ReplicationLogin, 'user' | 'password'>,
  side: ComparedSide,
  step: string,
  name: SideName,
  log?: WholeWords,
): { reader: Reader; close(): Promise<void> } {
  const { host, port, database } = side.settings;
  const endpoint: Endpoint = { host, port, database, user: login.user };
  let opening: Promise<DatabasePort> | undefined;
  const open = async () =>
    databasePort({ ...side.settings, user: await userAt(login.user, side), password: await login.password(name) }, step, log, name);
  const ask = async <Result>(question: (reader: Reader) => Promise<Result>): Promise<Result> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    try {
      return await question((await opening).looking);
    } catch (error) {
      throw error instanceof CannotConnect ? refused(endpoint, name, error) : error;
    }
  };
  return {
    reader: {
      endpoint,
      version: () => ask((reader) => reader.version()),
      query: (statement) => ask((reader) => reader.query(statement)),
      snapshot: (look) => ask((reader) => reader.snapshot(look)),
    },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

const refused = ({ host, port, database, user }: Endpoint, side: SideName, cause: CannotConnect): CannotConnect =>
  new CannotConnect(
    `Rows are read as the role ${user}, which can do nothing else, and the ${side} at ${host}:${port}/${database} did not let it in: ` +
      `${cause.message} Nothing was changed. Replicate makes that role, its password and its rights anew: start it, then start again.`,
    { cause },
  );
