/** The bindings of a step in an AWS account: from the function's environment, the secrets and the cluster. */
import { VARIABLE } from '../../config/environment.ts';
import { InvalidConfiguration, TargetNotKnown } from '../../config/errors.ts';
import { parseApplicationLogin, parseMadeLogin, parsePlanetScaleToken } from '../../config/secrets.ts';
import type { ApplicationBinding, FindMadeUser, Hook, MadeLogin } from '../../ports/application.ts';
import { noApplication, noHook, noMadeLogin } from '../../ports/application.ts';
import type { Bindings } from '../../ports/bindings.ts';
import type { Cluster } from '../../ports/cluster.ts';
import { type PlanetScale, WITHOUT_TOKEN } from '../../ports/planetscale.ts';
import type { Need } from '../../ports/ports.ts';
import { planetScaleApi } from '../planetscale/api.ts';
import { type ApplicationSides, applicationPort } from './application.ts';
import { concurrencyPort } from './concurrency.ts';
import { executionsPort } from './executions.ts';
import { functionsPort } from './functions.ts';
import { hookPort } from './hook.ts';
import { clusterPort } from './rds.ts';
import { replicationSecretPort } from './replication-secret.ts';
import { roleSecrets } from './role-secrets.ts';
import { resolveReplication, resolveSource, resolveTarget, resolveWayBack } from './side-bindings.ts';
import { requireVariable, type Search, type Site } from './site.ts';
import { clusterAddresses, namedAddresses } from './source-addresses.ts';
import { targetJournalPort } from './target-journal.ts';
import { targetSecretPort } from './target-secret.ts';

/** The bindings behind each port. */
const BINDINGS_OF: Readonly<Record<Need, readonly (keyof Bindings)[]>> = {
  source: ['source'],
  schemaDump: ['source'],
  target: ['target'],
  cluster: ['cluster'],
  clusterSetup: ['cluster'],
  clusterRestore: ['cluster'],
  clusterReboot: ['cluster'],
  clusterAccess: ['cluster'],
  executions: ['executions'],
  replication: ['replication', 'source', 'wayBack'], // its login is tried on the source
  wayBack: ['wayBack', 'target'],
  comparison: ['replication', 'source', 'target'],
  lowLogin: ['target'],
  partCopy: ['replication', 'source', 'target'],
  replicationSecret: ['replicationSecret'],
  application: ['application'],
  applicationView: ['application'],
  applicationOriginal: ['application'],
  applicationLogin: ['applicationLogin', 'target'], // on which it is tried
  hook: ['hook'],
  functions: ['functions'],
  concurrency: ['concurrency'],
  planetscale: ['planetscale'],
  planetscaleSetup: ['planetscale'],
  planetscaleRestore: ['planetscale'],
  targetJournal: ['targetJournal'],
  targetLogin: ['targetSecret'],
  targetSecret: ['targetSecret'],
};

const RESOLVERS: { readonly [Name in keyof Bindings]: (search: Search) => Promise<Bindings[Name]> } = {
  source: resolveSource,
  target: resolveTarget,
  replication: resolveReplication,
  wayBack: resolveWayBack,
  async replicationSecret({ environment, clients }) {
    return replicationSecretPort(clients.secrets, requireVariable(environment, 'replicationSecret'));
  },
  cluster: resolveCluster,
  application: resolveApplication,
  applicationLogin: resolveApplicationLogin,
  hook: resolveHook,
  async functions({ environment, clients }) {
    return functionsPort(clients.functions, requireVariable(environment, 'switchFunctions').split(','));
  },
  async concurrency({ clients, log }) {
    return concurrencyPort(clients.functions, log);
  },
  planetscale: resolvePlanetScale,
  async targetJournal({ environment, clients }) {
    const token = environment[VARIABLE.planetscaleToken];
    return token ? targetJournalPort(clients.secrets, token, requireVariable(environment, 'stack')) : WITHOUT_TOKEN.targetJournal;
  },
  async targetSecret({ environment, clients }) {
    const secret = requireVariable(environment, 'targetSecret');
    return targetSecretPort(clients.secrets, secret, environment[VARIABLE.targetHost] === 'private' ? 'private' : 'public');
  },
  async executions({ environment, clients, event }) {
    return executionsPort(clients.executions, requireVariable(environment, 'actingMachines').split(','), event);
  },
};

/**
 * The bindings that a step's needs call for, and no others: no secret is read that the step does not need.
 * @throws InvalidConfiguration where one secret stands in two roles, before anything is touched
 */
export async function resolveBindings(needs: readonly Need[], site: Site): Promise<Partial<Bindings>> {
  const wanted = [...new Set(needs.flatMap((need) => BINDINGS_OF[need]))];
  const search: Search = { ...site, secrets: roleSecrets(site.clients.secrets, site.environment) };
  const beginsWithout = needs.includes('targetLogin') || needs.includes('targetSecret');
  const resolve = async (name: keyof Bindings) => {
    try {
      return [[name, await RESOLVERS[name](search)] as const];
    } catch (error) {
      if (name === 'target' && beginsWithout && error instanceof TargetNotKnown) return [];
      throw error;
    }
  };
  return Object.fromEntries((await Promise.all(wanted.map(resolve))).flat());
}

async function resolvePlanetScale({ environment, secrets }: Search): Promise<PlanetScale> {
  const secret = environment[VARIABLE.planetscaleToken];
  if (!secret) return WITHOUT_TOKEN.planetscale;
  return planetScaleApi({
    organization: requireVariable(environment, 'planetscaleOrganization'),
    database: requireVariable(environment, 'planetscaleDatabase'),
    branch: environment[VARIABLE.planetscaleBranch],
    url: environment[VARIABLE.planetscaleApi],
    token: async () => parsePlanetScaleToken(await secrets.read('planetscaleToken', secret), secret),
  });
}

/** Variables that only some of the steps have are required where they are used. */
async function resolveCluster({ environment, clients }: Site): Promise<Cluster> {
  return clusterPort(clients, {
    identifier: requireVariable(environment, 'clusterIdentifier'),
    get migrationGroup() {
      return requireVariable(environment, 'parameterGroup');
    },
    get stack() {
      return requireVariable(environment, 'stack');
    },
    get vpc() {
      return requireVariable(environment, 'vpc');
    },
    get publicAccess() {
      return requireVariable(environment, 'publicAccess') as Cluster['publicAccess'];
    },
    securityGroup: environment[VARIABLE.securityGroup],
    addressGroup: environment[VARIABLE.addressGroup],
    get port() {
      return Number(requireVariable(environment, 'clusterPort'));
    },
  });
}

async function resolveApplication(search: Search): Promise<ApplicationBinding> {
  const { environment, clients, secrets } = search;
  const secret = environment[VARIABLE.applicationSecret];
  if (!secret) return noApplication;
  const claim = (arn: string) => secrets.claim('application', arn);
  const sides = () => resolveApplicationSides(search);
  if (!environment[VARIABLE.applicationLogin]) return applicationPort(clients.secrets, secret, sides, claim);
  const { password } = await resolveApplicationLogin(search);
  const role = environment[VARIABLE.applicationRole];
  const asking = (find: FindMadeUser) => applicationPort(clients.secrets, secret, sides, claim, { role, find, password });
  const notAsked = () => Promise.reject(new Error('The login that was made for the application is known by the target.'));
  return { ...asking(notAsked), asking };
}

/** The password is read on demand: only making the login, and putting it into the application's secret, needs it. */
async function resolveApplicationLogin({ environment, secrets }: Search): Promise<MadeLogin> {
  const secret = environment[VARIABLE.applicationLogin];
  return secret ? { password: async () => parseMadeLogin(await secrets.read('applicationLogin', secret), secret) } : noMadeLogin;
}

/** The application may know either side by another name or port than we do, but it has to be the same database. */
async function resolveApplicationSides(search: Search): Promise<ApplicationSides> {
  const { environment, clients, secrets } = search;
  const [role, own] = environment[VARIABLE.applicationLogin]
    ? (['target', requireVariable(environment, 'targetSecret')] as const)
    : (['applicationTarget', requireVariable(environment, 'applicationTargetSecret')] as const);
  const [source, target, text] = await Promise.all([resolveSource(search), resolveTarget(search), secrets.read(role, own)]);
  const login = parseApplicationLogin(text, own);
  if (login.database !== target.database) {
    throw new InvalidConfiguration(
      `The secret ${own} leads to another database than ${requireVariable(environment, 'targetSecret')}, to which the data is moved. ` +
        'The secret of the application was left as it is. Correct one of the two, then start again.',
    );
  }
  const named = namedAddresses(environment[VARIABLE.applicationSourceHosts] ?? '', source.port, source.database);
  const cluster = requireVariable(environment, 'clusterIdentifier');
  return {
    addresses: { source: [source, ...named], target: [target, login] },
    furtherSources: () => clusterAddresses(clients.rds, cluster, source.database),
    login,
  };
}

async function resolveHook({ environment, clients }: Site): Promise<Hook> {
  const arn = environment[VARIABLE.switchHook];
  return arn ? hookPort(clients.functions, arn) : noHook;
}
