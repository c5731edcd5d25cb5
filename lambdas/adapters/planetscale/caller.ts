/** Calls PlanetScale's API with the token, again where that helps and does no harm. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidConfiguration } from '../../config/errors.ts';
import type { PlanetScaleToken } from '../../config/secrets.ts';
import { exchange, NoAnswer, type RawAnswer } from './exchange.ts';
import { Unexpected } from './fields.ts';
import { PACE, type Pace, pauseAskedFor } from './pauses.ts';
import { busy, type Doing, noAnswer, notUnderstood, refusalOf, wordsIn } from './refusals.ts';

export interface Call extends Doing {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** Below the base, each part as it is. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a call was about is not there. */
export const GONE = Symbol('gone');

/** @returns the body; undefined where there is none (204); {@link GONE} for a 404 that the call lets pass */
export type Caller = (call: Call, options?: { readonly mayBeGone: boolean }) => Promise<unknown>;

const MOST_TRIES = 4;
/** https://planetscale.com/docs/api/reference/getting-started-with-planetscale-api */
const PUBLIC_URL = 'https://api.planetscale.com/v1';

/**
 * Reading and deleting are tried again after a lost answer. Whatever makes or changes something is tried again only where it was surely not carried
 * out: else the step has to look first.
 */
export function callerOf(token: () => Promise<PlanetScaleToken>, url?: string, pace: Pace = PACE): Caller {
  const base = baseOf(url || PUBLIC_URL);
  let known: Promise<PlanetScaleToken> | undefined;
  const tokenOnce = (): Promise<PlanetScaleToken> => {
    known ??= token().catch((error: unknown) => {
      known = undefined; // a passing failure must not be remembered
      throw error;
    });
    return known;
  };
  let patienceMs = pace.patienceMs;
  /** @returns whether it waited; where patience is at its end it did not */
  const paused = async (ms: number): Promise<boolean> => {
    if (ms > patienceMs) return false;
    patienceMs -= ms;
    await sleep(ms);
    return true;
  };
  return async (call, { mayBeGone } = { mayBeGone: false }) => {
    const { method, body } = call;
    const { id, token: secret } = await tokenOnce();
    const headers = { authorization: authorization(id, secret), accept: 'application/json', 'user-agent': 'aurora-to-planetscale' };
    const request = {
      url: addressOf(base, call),
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      timeoutMs: pace.timeoutMs,
    };
    const isRepeatable = method === 'GET' || method === 'DELETE';
    for (let tries = 1; ; tries += 1) {
      const pauseMs = pace.pauseMs * 2 ** (tries - 1);
      const answer = await exchange(request).catch((error: unknown) => asNoAnswer(error));
      if (answer instanceof NoAnswer) {
        const { code, maybeReceived } = answer;
        if (tries < MOST_TRIES && (isRepeatable || !maybeReceived) && (await paused(pauseMs))) continue;
        throw noAnswer(call, code, tries, maybeReceived);
      }
      const { status, headers: said } = answer;
      if (passes(status)) {
        const asked = pauseAskedFor(said, Date.now());
        if (tries < MOST_TRIES && (isRepeatable || status === 429) && (await paused(Math.max(asked ?? 0, pauseMs)))) continue;
        throw busy(call, status, wordsIn(answer.text, [secret]), asked);
      }
      if (status === 404 && mayBeGone) return GONE;
      return bodyOf(call, answer, [secret]);
    }
  };
}

function asNoAnswer(error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  throw error;
}

/** 409 and 423: something else is going on there; the other ones are of the way there, or of the service. */
const passes = (status: number): boolean => status >= 500 || [408, 409, 423, 425, 429].includes(status);

function bodyOf(call: Call, { status, text }: RawAnswer, secrets: readonly string[]): unknown {
  if (status < 200 || status >= 300) throw refusalOf(call, status, wordsIn(text, secrets));
  if (status === 204 || text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw notUnderstood(call, new Unexpected('', 'JSON'));
  }
}

/** @throws InvalidConfiguration where it would not fit into a header, such as with a line break that was pasted along */
function authorization(id: string, token: string): string {
  if (/^[\x21-\x39\x3b-\x7e]+$/.test(id) && /^[\x21-\x7e]+$/.test(token)) return `${id}:${token}`;
  throw new InvalidConfiguration(
    'The secret that planetscaleTokenSecretArn names holds an id or a token with a space, a line break or another character that no service token ' +
      'has. Nothing was touched; put in the two values as PlanetScale shows them, then start again.',
  );
}

/** No name may lead to another address than that of its own call. */
function addressOf(base: URL, { path, query = {} }: Call): URL {
  if (path.some((part) => /^\.{0,2}$/.test(part)))
    throw new InvalidConfiguration(
      `A name at PlanetScale is empty or a dot, so it was not called. Nothing was changed; correct the settings.`,
    );
  const url = new URL(`${base.href}/${path.map(encodeURIComponent).join('/')}`);
  url.search = new URLSearchParams(query).toString();
  return url;
}

const LOOPBACK = /^(127(\.[0-9]{1,3}){3}|\[::1\])$/;

/** The token goes there: it is encrypted on its way, or never leaves the machine. @throws InvalidConfiguration */
function baseOf(text: string): URL {
  const url = URL.parse(text.replace(/\/+$/, ''));
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url && isSafe && url.username === '' && url.password === '' && url.search === '' && url.hash === '') return url;
  throw new InvalidConfiguration(
    "The address of PlanetScale's API is no https address (http only on this machine itself), or has more in it than host and path, so the token was " +
      'not sent there. Nothing was touched. Take PLANETSCALE_API_URL out of the environment, then start again.',
  );
}
