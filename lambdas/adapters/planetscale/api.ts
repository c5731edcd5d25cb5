/** The port `planetscale` over PlanetScale's API. https://planetscale.com/docs/api/reference */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanetScaleToken } from '../../config/secrets.ts';
import type { BranchRole, PlanetScale, WantedChange } from '../../ports/planetscale.ts';
import { branchOf, changeOf, demandPostgres, isGone, newRoleOf, parameterOf, roleOf, timeOf } from './answers.ts';
import { type Call, callerOf, GONE } from './caller.ts';
import { type Fields, fieldsOf, objectsOf, Unexpected } from './fields.ts';
import type { Pace } from './pauses.ts';
import { notUnderstood, refusalOf } from './refusals.ts';

/** One branch, and how it is asked for. */
export interface ApiSite {
  readonly organization: string;
  readonly database: string;
  /** @default - the database's default branch */
  readonly branch?: string | undefined;
  token(): Promise<PlanetScaleToken>;
  /** Base of the API's addresses. @default https://api.planetscale.com/v1 */
  readonly url?: string | undefined;
}

/** Accesses of a service token that a call takes, one of each list. */
const ACCESS = {
  database: ['read_branch', 'read_database'],
  read: ['read_branch'],
  change: ['write_database'],
  create: ['create_production_branch_password', 'create_branch_password'],
  delete: ['delete_production_branch_password', 'delete_branch_password'],
} as const satisfies Record<string, readonly string[]>;

const PER_PAGE = 100;
/** Of one list; more would take longer than a visit has. */
const MOST_PAGES = 50;
/** How long a new role may take to be ready, and the pause between looks. */
const READY = { timeoutMs: 20_000, pauseMs: 1_000 };

export function planetScaleApi({ organization, database, branch: named, token, url }: ApiSite, pace?: Pace): PlanetScale {
  const call = callerOf(token, url, pace);
  const place = `the database ${database} (${organization})`;
  const root = ['organizations', organization, 'databases', database];

  /** The default branch is asked for once, so that all calls of a visit are about the same one. */
  let branch: Promise<string> | undefined = named ? Promise.resolve(named) : undefined;
  const findBranch = async (): Promise<string> => {
    const asking: Call = { method: 'GET', path: root, doing: `reading ${place}`, accesses: ACCESS.database, acts: false };
    const answer = await call(asking);
    return read(asking, () => {
      demandPostgres(fieldsOf(answer));
      return fieldsOf(answer).text('default_branch');
    });
  };
  const branchName = (): Promise<string> => {
    branch ??= findBranch().catch((error: unknown) => {
      branch = undefined; // a passing failure must not be remembered
      throw error;
    });
    return branch;
  };
  /** A call about the branch. @param doing such as `reading the roles of`, before its name */
  const about = async (method: Call['method'], doing: string, path: readonly string[], more: Partial<Call> = {}): Promise<Call> => {
    const name = await branchName();
    return {
      method,
      path: [...root, 'branches', name, ...path],
      doing: `${doing} the branch ${name} of ${place}`,
      accesses: ACCESS.read,
      acts: method !== 'GET',
      ...more,
    };
  };
  /** All pages of a list. Between two of them an entry may move on to the next one, and come twice. */
  const listed = async (asking: Call): Promise<Fields[]> => {
    const found = new Map<string, Fields>();
    for (let page = 1; ; ) {
      const answer = await call({ ...asking, query: { page: String(page), per_page: String(PER_PAGE) } });
      const next = read(asking, () => {
        const fields = fieldsOf(answer);
        for (const one of fields.objects('data')) if (!found.has(one.text('id'))) found.set(one.text('id'), one);
        const following = fields.optionalNumber('next_page');
        if (following !== undefined && !(following > page && following <= MOST_PAGES))
          throw new Unexpected('next_page', `a number from ${page + 1} to ${MOST_PAGES}`);
        return following;
      });
      if (next === undefined) return [...found.values()];
      page = next;
    }
  };
  const roles = async (): Promise<readonly BranchRole[]> => {
    const asking = await about('GET', 'reading the roles of', ['roles']);
    const all = await listed(asking);
    return read(asking, () => all.filter((role) => !isGone(role)).map(roleOf));
  };
  /** The password is known only here: whatever goes wrong in the wait, the role is handed on. */
  const untilReady = async (id: string): Promise<void> => {
    const until = Date.now() + READY.timeoutMs;
    const isReady = async () => fieldsOf(await call(await about('GET', 'reading a role of', ['roles', id]))).flag('ready');
    while (Date.now() < until && !(await isReady().catch(() => true))) await sleep(READY.pauseMs);
  };

  return {
    configured: true,
    async branch() {
      const asking = await about('GET', 'reading', []);
      const answer = await call(asking);
      const site = { organization, database, branch: await branchName() };
      return read(asking, () => branchOf(fieldsOf(answer), site));
    },
    async parameters() {
      const asking = await about('GET', 'reading the parameters of', ['parameters']);
      const answer = await call(asking);
      return read(asking, () => objectsOf(answer).map(parameterOf));
    },
    async changes() {
      const asking = await about('GET', 'reading the change requests of', ['changes']);
      const all = await listed(asking);
      return read(asking, () => all.toSorted((one, other) => timeOf(other) - timeOf(one)).map(changeOf));
    },
    roles,
    async change(wanted) {
      const asking = await about('PATCH', 'changing', ['changes'], { accesses: ACCESS.change, body: bodyOf(wanted) });
      const answer = await call(asking);
      return answer === undefined ? undefined : read(asking, () => changeOf(fieldsOf(answer)));
    },
    async createRole({ name, inherits, replication }) {
      const body = { name, inherited_roles: inherits, with_replication: replication };
      const asking = await about('POST', 'making a role of', ['roles'], { accesses: ACCESS.create, body });
      const answer = await call(asking);
      const { made, isReady } = read(asking, () => {
        const fields = fieldsOf(answer);
        return { made: newRoleOf(fields), isReady: fields.flag('ready') };
      });
      if (!isReady) await untilReady(made.id);
      return made;
    },
    async deleteRole(id, successor) {
      const asking = await about('DELETE', 'deleting a role of', ['roles', id], { accesses: ACCESS.delete, query: { successor } });
      if ((await call(asking, { mayBeGone: true })) !== GONE) return;
      // What a token may not do may be answered like what is not there.
      if ((await roles()).some((role) => role.id === id)) throw refusalOf(asking, 404, '');
    },
  };
}

/** @throws TargetNotConfigurable naming the field that is not as expected */
function read<Result>(call: Call, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Unexpected ? notUnderstood(call, error) : error;
  }
}

const bodyOf = ({ parameters, storage }: WantedChange) => ({
  ...(parameters && { parameters }),
  ...(storage && {
    storage: {
      minimum_storage_bytes: storage.minimumBytes,
      ...(storage.maximumBytes !== undefined && { maximum_storage_bytes: storage.maximumBytes }),
    },
  }),
});
