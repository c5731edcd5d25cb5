/**
 * The list of logical slots that a switchover of the target carries over. Which parameter of the API it is, no documentation says, so it is looked
 * for: it is about logical slots or failover, and holds names. PostgreSQL's own settings about slots are none of it: to enter a logical slot in
 * synchronized_standby_slots would stop every stream.
 */
import type { ClusterParameter } from '../ports/planetscale.ts';

const NOT_THE_LIST = new Set([
  'synchronized_standby_slots',
  'synchronous_standby_names',
  'primary_slot_name',
  'sync_replication_slots',
  'ignore_slots',
]);
const HOLDS_NAMES = new Set(['array', 'string']);

/** The parameter; undefined where there is none, or more than one that it could be. */
export function slotListIn(parameters: readonly ClusterParameter[]): ClusterParameter | undefined {
  const found = parameters.filter(({ namespace, name, displayName = '', category = '', type, options = [], isImmutable }) => {
    const words = `${name} ${displayName}`;
    return (
      namespace !== 'pgbouncer' &&
      !isImmutable &&
      HOLDS_NAMES.has(type) &&
      options.length === 0 &&
      !NOT_THE_LIST.has(name) &&
      /slot/i.test(words) &&
      /logical|failover|permanent/i.test(`${words} ${category}`)
    );
  });
  return found.length === 1 ? found[0] : undefined;
}

const isJson = (value: string): boolean => value.trim().startsWith('[');

/** Names in the list, in its order. */
export function namesIn(value: string): string[] {
  if (isJson(value)) {
    try {
      const parsed: unknown = JSON.parse(value);
      if (Array.isArray(parsed)) return parsed.map(String);
    } catch {
      // Not JSON after all: read below.
    }
  }
  return value
    .replace(/^\s*[[{]|[\]}]\s*$/g, '')
    .split(/[,\s]+/)
    .filter((name) => name !== '');
}

/** These names, in the form that the parameter has now. */
export function listOf(names: readonly string[], { value, defaultValue }: Pick<ClusterParameter, 'value' | 'defaultValue'>): string {
  return isJson(value.trim() || defaultValue) ? JSON.stringify(names) : names.join(',');
}
