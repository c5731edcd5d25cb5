/**
 * The cluster's configuration before we changed it, as tags on the cluster and on its instances, where the operator finds it even if the stack
 * is gone. Only what is changed is recorded, before it is changed, and a record is never overwritten. The name of the stack is in every
 * key, so that two migrations of one cluster keep two journals.
 */
import { isParameterGroupOf } from '../config/names.ts';
import type { Tags } from '../ports/cluster.ts';

/** Prefix of the tags. IAM policies use it too: a function may write and remove no other tag (`lib/rights.ts`). */
export const JOURNAL_PREFIX = 'planetscale-migration:';
/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Tagging.html, "Overview of Amazon RDS resource tags" */
const LONGEST_VALUE = 256;

const NAMES = {
  parameterGroup: 'parameter-group',
  parameterGroupSet: 'parameter-group-set',
  securityGroups: 'security-groups',
  securityGroupAdded: 'security-group-added',
  isPublic: 'public-access',
} as const;

/** The record of one resource. A missing key was not changed. */
export interface Journal {
  /** Group that was attached, and the one that we attached in its place. */
  readonly parameterGroup?: string;
  readonly parameterGroupSet?: string;
  /** Security groups that were attached, and the one that we added to them. */
  readonly securityGroups?: readonly string[];
  readonly securityGroupAdded?: string;
  /** Whether an instance was public; recorded only where it was not and we made it public. */
  readonly isPublic?: false;
}

/** Tag key of an entry. */
export const keyOf = (stack: string, entry: keyof typeof NAMES): string => prefixOf(stack) + NAMES[entry];

/** Beginning of the keys of a stack's own journal. */
export const prefixOf = (stack: string): string => `${JOURNAL_PREFIX}${stack}:`;

/** Values of as many ids as fit, one after the other. */
function split(ids: readonly string[]): string[] {
  const values: string[] = [];
  for (const id of ids) {
    const last = values.at(-1);
    if (last !== undefined && last.length + 1 + id.length <= LONGEST_VALUE) values[values.length - 1] = `${last} ${id}`;
    else values.push(id);
  }
  return values;
}

/** The first value has the plain name, the others are numbered from 2 on. */
const numbered = (name: string, values: readonly string[]): [string, string][] =>
  values.map((value, index) => [index === 0 ? name : `${name}-${index + 1}`, value]);

export function tagsOf(stack: string, journal: Journal): Tags {
  const { parameterGroup, parameterGroupSet, securityGroups = [], securityGroupAdded, isPublic } = journal;
  const entries = [
    ...numbered(NAMES.securityGroups, split(securityGroups)),
    [NAMES.parameterGroup, parameterGroup],
    [NAMES.parameterGroupSet, parameterGroupSet],
    [NAMES.securityGroupAdded, securityGroupAdded],
    [NAMES.isPublic, isPublic === undefined ? undefined : String(isPublic)],
  ] as const;
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[prefixOf(stack) + name, value]])));
}

export function journalIn(stack: string, tags: Tags): Journal {
  const value = (name: string): string | undefined => tags[prefixOf(stack) + name];
  const groups = [value(NAMES.securityGroups)];
  while (groups.at(-1) !== undefined) groups.push(value(`${NAMES.securityGroups}-${groups.length + 1}`));
  const found = {
    parameterGroup: value(NAMES.parameterGroup),
    parameterGroupSet: value(NAMES.parameterGroupSet),
    securityGroups: groups.length > 1 ? groups.flatMap((ids) => ids?.split(' ') ?? []) : undefined,
    securityGroupAdded: value(NAMES.securityGroupAdded),
    isPublic: value(NAMES.isPublic) === PRIVATE ? false : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, known]) => known !== undefined)) as Journal;
}

/** The only value that is ever written: instances that are public are not touched, and none is made public when the cluster is put back. */
const PRIVATE = 'false';

/** Entries under a stack's prefix that we do not write: of another name, of another form, or half of a pair. */
export function strangeTags(stack: string, tags: Tags): [key: string, value: string][] {
  const journal = journalIn(stack, tags);
  const isOurs = (name: string, value: string): boolean => {
    switch (name.replace(/-[0-9]+$/, '')) {
      case NAMES.parameterGroup:
        return GROUP.test(value) && !isParameterGroupOf(stack, value) && journal.parameterGroupSet !== undefined;
      case NAMES.parameterGroupSet:
        return GROUP.test(value) && isParameterGroupOf(stack, value) && journal.parameterGroup !== undefined;
      case NAMES.securityGroups:
        return value.split(' ').every((id) => SECURITY_GROUP.test(id)) && journal.securityGroups !== undefined;
      case NAMES.securityGroupAdded:
        return SECURITY_GROUP.test(value);
      default:
        return name === NAMES.isPublic && value === PRIVATE;
    }
  };
  return keysOf(stack, tags).flatMap((key): [string, string][] => {
    const value = tags[key] ?? '';
    return isOurs(key.slice(prefixOf(stack).length), value) ? [] : [[key, value]];
  });
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterParameterGroup.html; the engine's own are called default.… */
const GROUP = /^[A-Za-z][A-Za-z0-9.-]{0,254}$/;
const SECURITY_GROUP = /^sg-[0-9a-z]+$/;

/** Keys of a stack's own journal. */
export const keysOf = (stack: string, tags: Tags): string[] => Object.keys(tags).filter((key) => key.startsWith(prefixOf(stack)));

/** Other stacks that have a journal on the same resource. */
export function otherStacks(stack: string, tags: Tags): string[] {
  const stacks = Object.keys(tags).flatMap((key) =>
    key.startsWith(JOURNAL_PREFIX) ? [key.slice(JOURNAL_PREFIX.length, key.lastIndexOf(':'))] : [],
  );
  return [...new Set(stacks)].filter((other) => other !== stack && other !== '');
}

/** Whether a resource carries all of these tags. */
export const carries = (tags: Tags, wanted: Tags): boolean => Object.entries(wanted).every(([key, value]) => tags[key] === value);
