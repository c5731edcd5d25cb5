/** PlanetScale's API over HTTP. */
import type { PlanetScaleToken } from '../../config/secrets.ts';
import { type PlanetScale, WITHOUT_TOKEN } from '../../ports/planetscale.ts';

/** One branch, and how it is asked for. */
export interface ApiSite {
  readonly organization: string;
  readonly database: string;
  /** @default - the database's default branch */
  readonly branch?: string | undefined;
  token(): Promise<PlanetScaleToken>;
  /** Base of the API's addresses. @default https://api.planetscale.com/v1 */
  readonly url?: string;
}

export const planetScaleApi = (_site: ApiSite): PlanetScale => WITHOUT_TOKEN.planetscale;
