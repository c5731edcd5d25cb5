/** What an AWS account keeps of a target whose login the migration makes: the secret that begins empty, and the tags of the token's secret. */
import { planetScaleApi } from '../../lambdas/adapters/planetscale/api.ts';
import { InvalidConfiguration } from '../../lambdas/config/errors.ts';
import { isEmptySecret, parseTargetSecret } from '../../lambdas/config/secrets.ts';
import type { Bindings } from '../../lambdas/ports/bindings.ts';
import type { ConnectionSettings } from '../../lambdas/ports/connection-settings.ts';
import type { FilledIn, TargetJournal, TargetSecret } from '../../lambdas/ports/planetscale.ts';
import type { PlanetScaleStandIn } from './stand-in.ts';

/** The target of a deployment with a token. */
export interface TargetAccount {
  readonly api: PlanetScaleStandIn;
  readonly bindings: Pick<Bindings, 'planetscale' | 'targetJournal' | 'targetSecret'>;
  /** The login in the secret; undefined while that is empty. */
  login(): ConnectionSettings | undefined;
  /** The secret's text, which a person may change as well. */
  secret: string;
  readonly tags: Map<string, string>;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html and its quotas: 50 tags. */
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const MOST_TAGS = 50;

const SECRET = 'rehearsal/target';

export interface TargetAccountOptions {
  readonly stack?: string;
  readonly connection?: TargetSecret['connection'];
  /** PEM of the authorities that the target's certificate is verified against. */
  readonly authorities: string;
}

/** @param api in place of PlanetScale */
export function targetAccount(api: PlanetScaleStandIn, options: TargetAccountOptions): TargetAccount {
  const { stack = 'Rehearsal', connection = 'public', authorities } = options;
  const tags = new Map<string, string>();
  const { organization, database } = api.site;
  const account = { api, secret: '', tags };
  const journal: TargetJournal = {
    stack,
    tags: async () => Object.fromEntries(tags),
    async add(added) {
      for (const [key, value] of Object.entries(added))
        if (!TAG_KEY.test(key) || !TAG_VALUE.test(value)) throw new Error(`Secrets Manager refuses the tag ${key} = ${value}.`);
      const all = new Map([...tags, ...Object.entries(added)]);
      if (all.size > MOST_TAGS) throw new Error('Secrets Manager refuses more than 50 tags.');
      for (const [key, value] of all) tags.set(key, value);
    },
    async remove(keys) {
      for (const key of keys) tags.delete(key);
    },
  };
  const secret: TargetSecret = {
    name: SECRET,
    connection,
    isEmpty: async () => isEmptySecret(account.secret),
    async fillIn(login: FilledIn) {
      if (!isEmptySecret(account.secret)) throw new InvalidConfiguration(`The secret ${SECRET} is not empty any more.`);
      account.secret = JSON.stringify(login);
    },
    async empty(user) {
      if (!isEmptySecret(account.secret) && parseTargetSecret(account.secret, SECRET).user === user) account.secret = '{}';
    },
  };
  return Object.assign(account, {
    bindings: {
      planetscale: planetScaleApi({ organization, database, url: api.url, token: async () => api.token }),
      targetJournal: journal,
      targetSecret: secret,
    },
    login(): ConnectionSettings | undefined {
      if (isEmptySecret(account.secret)) return undefined;
      const read = async () => parseTargetSecret(account.secret, SECRET);
      const { publicHost: _way, ...login } = parseTargetSecret(account.secret, SECRET);
      return { ...login, tls: { verify: 'full', authorities }, currentLogin: read };
    },
  });
}
