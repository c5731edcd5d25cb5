/** What goes wrong with a call of PlanetScale's API, in words. No error has a cause: it could hold the request, and so the token. */
import { InvalidConfiguration, type MigrationError, TargetNotConfigurable, TransientError } from '../../config/errors.ts';
import { shown } from './answers.ts';
import type { Unexpected } from './fields.ts';

/** A call, for messages. */
export interface Doing {
  /** Such as `reading the parameters of the branch main of the database shop (acme)`. */
  readonly doing: string;
  /** Accesses of a service token, of which one is enough. */
  readonly accesses: readonly string[];
  /** Whether it changes something. */
  readonly acts: boolean;
}

const API = "PlanetScale's API";
const START = 'then start again.';

const outcome = ({ acts }: Doing): string =>
  acts ? 'Whether it was carried out is not known: the next attempt looks first.' : 'Nothing was changed.';

const accessOf = ({ accesses }: Doing): string => accesses.map((access) => `\`${access}\``).join(' or ');

export const noAnswer = (call: Doing, code: string, tries: number, maybeReceived: boolean): MigrationError => {
  const left = maybeReceived ? outcome(call) : 'Nothing was changed.';
  if (CERTIFICATE.test(code)) {
    return new InvalidConfiguration(
      `${API} was not reached for ${call.doing}: its certificate is not trusted (${code}). ${left} See what stands between the functions and ` +
        `the internet, ${START}`,
    );
  }
  return new TransientError(
    `${API} gave no answer (${code}) in ${tries === 1 ? 'one try' : `${tries} tries`} of ${call.doing}. ${left} If it goes on, check that the functions' ` +
      'subnets lead to the internet, through a NAT gateway.',
  );
};

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(TLS|SSL)/;

/** @param words of the server, without secrets @param pauseMs that it asks for */
export const busy = (call: Doing, status: number, words: string, pauseMs: number | undefined): TransientError => {
  const wait = pauseMs === undefined ? '' : ` It asks to wait for ${Math.ceil(pauseMs / 1_000)} seconds.`;
  const left = status < 500 && status !== 408 ? 'Nothing was changed.' : outcome(call);
  return new TransientError(`${API} answered ${words === '' ? status : `${status} (${words})`} to ${call.doing}.${wait} ${left}`);
};

/** @param words of the server, without secrets */
export function refusalOf(call: Doing, status: number, words: string): MigrationError {
  const { doing } = call;
  const said = words === '' ? `${status}` : `${status}: ${words}`;
  if (status === 401) {
    return new InvalidConfiguration(
      `${API} does not know the service token (${said}), so ${doing} was refused. Nothing was changed. Put the id and the token of a service token ` +
        `that exists into the secret that planetscaleTokenSecretArn names, and give it the access ${accessOf(call)}, ${START}`,
    );
  }
  if (status === 403) {
    return new InvalidConfiguration(
      `The service token may not do that at PlanetScale: ${doing} takes the access ${accessOf(call)} (${said}). Nothing was changed. Give the token that ` +
        `access (Settings → Service tokens), ${START}`,
    );
  }
  if (status === 404) {
    return new InvalidConfiguration(
      `PlanetScale did not find what ${doing} is about, or does not show it to the service token (${said}). Nothing was changed. Correct ` +
        'planetscaleOrganization, planetscaleDatabase and planetscaleBranch and deploy again, or give the token the access ' +
        `${accessOf(call)} for that database, ${START}`,
    );
  }
  if (status >= 300 && status < 400) {
    return new InvalidConfiguration(
      `${API} answered ${doing} with a redirect (${status}), which was not followed, because the token would go with it. Nothing was changed. See what ` +
        `stands between the functions and the internet, ${START}`,
    );
  }
  return new TargetNotConfigurable(
    `PlanetScale refused ${doing} (${said}). It was left as it was; remove the cause, or make the change in its dashboard, ${START}`,
  );
}

export const notUnderstood = (call: Doing, { field, expected }: Unexpected): TargetNotConfigurable =>
  new TargetNotConfigurable(
    `${API} answered ${call.doing} otherwise than it documents: ${field === '' ? 'the answer' : `its field ${shown(field)}`} is not ${expected}. ` +
      `${call.acts ? 'It was probably carried out.' : 'Nothing was changed.'} Look at the branch in PlanetScale's dashboard. Where it is a database of ` +
      `PostgreSQL and the answer is right, this version is too old for that API: deploy a newer one, or one without planetscaleTokenSecretArn, ${START}`,
  );

/** Words of an error's body, without the token and whatever else looks like a secret of PlanetScale's. */
export function wordsIn(text: string, secrets: readonly string[]): string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return ''; // a page of something in between
  }
  if (typeof body !== 'object' || body === null) return '';
  const { message, error, errors } = body as Record<string, unknown>;
  const words = [message, error].find((one) => typeof one === 'string') ?? (errors === undefined ? '' : JSON.stringify(errors));
  const bare = secrets.reduce((left, secret) => left.replaceAll(secret, '…'), String(words));
  return shown(bare.replace(/pscale_(?!api)[a-z]+_\S+|\bpostgres(ql)?:\/\/\S+/gi, '…'));
}
