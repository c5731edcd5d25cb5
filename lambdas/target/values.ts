/** Values of settings: as PostgreSQL's pg_settings has them, in the setting's own unit, and as PlanetScale's API writes them. */
import type { ClusterParameter } from '../ports/planetscale.ts';

/** What a value says: a count, megabytes, on or off, or one of a few words. */
export type Kind = 'count' | 'megabytes' | 'switch' | 'word';

const MEBIBYTE = 1024 ** 2;
/** https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES */
const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: MEBIBYTE, gb: 1024 ** 3, tb: 1024 ** 4 };
const SIZE = /^(-?\d+)\s*([kmgt]?b)?$/i;
/** A number without a unit above this is one of bytes: no disk has so many megabytes. */
const MOST_MEGABYTES = 100 * 1024 ** 2;

const ON = new Set(['on', 'true', 'yes', '1']);

/**
 * Bytes of a size as the API writes it.
 * @param unit bytes of a number that has no unit, as long as it can be one
 * @returns undefined for what is no size, and for `-1`, which is no limit
 */
export function bytesOf(text: string, unit: number): number | undefined {
  const [, digits, suffix] = SIZE.exec(text.trim()) ?? [];
  const number = Number(digits);
  if (digits === undefined || number < 0) return undefined;
  if (suffix !== undefined) return number * (UNITS[suffix.toLowerCase()] ?? 1);
  return number > MOST_MEGABYTES ? number : number * unit;
}

/** A value of the API → the same as pg_settings has it; undefined where it cannot be read. */
export function settingOf(kind: Kind, value: string): string | undefined {
  const text = value.trim();
  switch (kind) {
    case 'count':
      return /^-?\d+$/.test(text) ? text : undefined;
    case 'megabytes': {
      if (/^-1/.test(text)) return '-1';
      const bytes = bytesOf(text, MEBIBYTE);
      return bytes === undefined ? undefined : String(Math.floor(bytes / MEBIBYTE));
    }
    case 'switch':
      return text === '' ? undefined : ON.has(text.toLowerCase()) ? 'on' : 'off';
    case 'word':
      return text === '' ? undefined : text.toLowerCase();
  }
}

/** A value as pg_settings has it → the same in the form in which the API has the parameter now. */
export function apiValueOf(kind: Kind, setting: string, parameter: Pick<ClusterParameter, 'value' | 'defaultValue'>): string {
  const example = parameter.value.trim() || parameter.defaultValue.trim();
  if (kind === 'switch') {
    const [yes, no] = /^(true|false)$/i.test(example) ? ['true', 'false'] : /^[01]$/.test(example) ? ['1', '0'] : ['on', 'off'];
    return setting === 'on' ? yes : no;
  }
  if (kind !== 'megabytes') return setting;
  const [, digits, suffix] = SIZE.exec(example) ?? [];
  if (digits === undefined || suffix !== undefined) return `${setting}MB`;
  return Number(digits) > MOST_MEGABYTES ? String(Number(setting) * MEBIBYTE) : setting;
}

/** Whether a setting has what is asked for, or more of it. `-1` is no limit. */
export function suffices(kind: Kind, setting: string | undefined, wanted: string): boolean {
  if (setting === undefined) return false;
  if (kind === 'switch' || kind === 'word') return setting === wanted;
  return setting === '-1' || Number(setting) >= Number(wanted);
}
