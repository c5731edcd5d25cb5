/**
 * PlanetScale's branch before we changed it, as tags of the token's secret. Only what is changed is recorded, and before it is changed. The name of
 * the stack is in every key, so that two migrations with one token keep two journals, and the first entry says which branch it is about: what was
 * recorded of one branch is never put back on another.
 */
import { keysOf, otherStacks, prefixOf } from '../cluster/journal.ts';
import type { Tags } from '../ports/cluster.ts';
import type { Branch } from '../ports/planetscale.ts';
import { KINDS } from './settings.ts';

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html */
export const MOST_TAGS = 50;
const LONGEST_VALUE = 256;

const NAMES = {
  branch: 'branch',
  roleName: 'role',
  role: 'role-id',
  disk: 'disk',
  slot: 'slot',
  switched: 'switched',
  ending: 'role-ends',
} as const;

/** A parameter that we have changed. */
export interface ParameterRecord {
  readonly namespace: string;
  readonly name: string;
  readonly was: string;
  /** Every value that we have set, the newest last. */
  readonly sets: readonly string[];
}

/** The record. What is missing was not changed. */
export interface TargetRecord {
  /** As {@link branchName} has it. */
  readonly branch?: string;
  /** Name that was asked for, recorded before. */
  readonly roleName?: string;
  /** The role that was made, once its login was in the target secret. */
  readonly role?: { readonly id: string; readonly user: string };
  readonly parameters?: readonly ParameterRecord[];
  /** Bytes. */
  readonly disk?: { readonly was: string; readonly set: string };
  /** The list of slots, and the name that we have entered. */
  readonly slot?: { readonly namespace: string; readonly name: string; readonly slot: string };
  /** Recorded where the application was switched to the target, which nothing in the databases says any more once they are clean. */
  readonly switched?: true;
  /** Recorded once the role may be deleted, before its login goes: from then on nobody can look who uses it. */
  readonly ending?: true;
}

export const branchName = ({ organization, database, branch }: Pick<Branch, 'organization' | 'database' | 'branch'>): string =>
  `${organization}/${database}/${branch}`;

/** A word of nothing but characters that a tag may hold, without spaces; others as `=` and two digits for each byte of UTF-8. */
const encoded = (word: string): string =>
  word === ''
    ? '='
    : [...Buffer.from(word, 'utf8')]
        .map((byte) =>
          /[A-Za-z0-9_.:/+@-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `=${byte.toString(16).padStart(2, '0')}`,
        )
        .join('');

const decoded = (word: string): string =>
  word === '='
    ? ''
    : Buffer.from(
        word.replace(/=([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ).toString('utf8');

/** As many tags as the words take: the first has the plain name, the others are numbered from 2 on. None begins or ends with a space. */
function tagged(name: string, words: readonly string[]): [string, string][] {
  const parts: string[] = [];
  for (let rest = words.map(encoded).join(' '); rest !== ''; ) {
    let end = Math.min(rest.length, LONGEST_VALUE);
    while (rest[end - 1] === ' ' || rest[end] === ' ') end -= 1;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return parts.map((part, index) => [index === 0 ? name : `${name}-${index + 1}`, part]);
}

const parameterKey = ({ namespace, name }: Pick<ParameterRecord, 'namespace' | 'name'>): string => `${namespace}.${name}`;

export function tagsOf(stack: string, record: TargetRecord): Tags {
  const { branch, roleName, role, parameters = [], disk, slot, switched, ending } = record;
  const entries = [
    ...(branch === undefined ? [] : tagged(NAMES.branch, [branch])),
    ...(roleName === undefined ? [] : tagged(NAMES.roleName, [roleName])),
    ...(role ? tagged(NAMES.role, [role.id, role.user]) : []),
    ...(disk ? tagged(NAMES.disk, [disk.was, disk.set]) : []),
    ...(slot ? tagged(NAMES.slot, [slot.namespace, slot.name, slot.slot]) : []),
    ...(switched ? tagged(NAMES.switched, ['true']) : []),
    ...(ending ? tagged(NAMES.ending, ['true']) : []),
    ...parameters.flatMap((parameter) => tagged(parameterKey(parameter), [parameter.was, ...parameter.sets])),
  ];
  return Object.fromEntries(entries.map(([name, value]) => [prefixOf(stack) + name, value]));
}

/** The words of an entry, with those of its numbered tags. */
function wordsIn(stack: string, tags: Tags, name: string): string[] | undefined {
  const values = [tags[prefixOf(stack) + name]];
  while (values.at(-1) !== undefined) values.push(tags[`${prefixOf(stack)}${name}-${values.length + 1}`]);
  return values.length === 1 ? undefined : values.join('').split(' ').map(decoded);
}

const PARAMETER = /^(pgconf|patroni)\.([a-z_]+)$/;

/** The names of entries of a stack, without the numbers of further tags. */
const namesIn = (stack: string, tags: Tags): string[] => [
  ...new Set(keysOf(stack, tags).map((key) => key.slice(prefixOf(stack).length).replace(/-[0-9]+$/, ''))),
];

export function recordIn(stack: string, tags: Tags): TargetRecord {
  const words = (name: string): string[] => wordsIn(stack, tags, name) ?? [];
  const [branch] = words(NAMES.branch);
  const [roleName] = words(NAMES.roleName);
  const [id, user] = words(NAMES.role);
  const [wasBytes, setBytes] = words(NAMES.disk);
  const [slotNamespace, slotList, slot] = words(NAMES.slot);
  const parameters = namesIn(stack, tags).flatMap((entry): ParameterRecord[] => {
    const [, namespace, name] = PARAMETER.exec(entry) ?? [];
    const [was, ...sets] = words(entry);
    return namespace !== undefined && name !== undefined && was !== undefined && sets.length > 0 ? [{ namespace, name, was, sets }] : [];
  });
  return {
    ...(branch !== undefined && { branch }),
    ...(roleName !== undefined && { roleName }),
    ...(id !== undefined && user !== undefined && { role: { id, user } }),
    ...(wasBytes !== undefined && setBytes !== undefined && { disk: { was: wasBytes, set: setBytes } }),
    ...(slotNamespace !== undefined &&
      slotList !== undefined &&
      slot !== undefined && { slot: { namespace: slotNamespace, name: slotList, slot } }),
    ...(words(NAMES.switched)[0] === 'true' && { switched: true }),
    ...(words(NAMES.ending)[0] === 'true' && { ending: true }),
    ...(parameters.length > 0 && { parameters }),
  };
}

/** Keys under a stack's prefix that we do not write: whoever wrote them could have us set what they like. */
export function strangeKeys(stack: string, tags: Tags): string[] {
  const { parameters = [], ...rest } = recordIn(stack, tags);
  const read = new Set<string>([
    ...Object.keys(rest).map((name) => NAMES[name as keyof typeof NAMES]),
    ...parameters.filter(({ name }) => Object.hasOwn(KINDS, name)).map(parameterKey),
  ]);
  return namesIn(stack, tags).filter((name) => !read.has(name));
}

/** Keys of one entry, with those of its numbered tags. */
export const keysOfEntry = (stack: string, tags: Tags, name: string): string[] =>
  keysOf(stack, tags).filter((key) => key.slice(prefixOf(stack).length).replace(/-[0-9]+$/, '') === name);
export const keysOfParameter = (stack: string, tags: Tags, parameter: Pick<ParameterRecord, 'namespace' | 'name'>): string[] =>
  keysOfEntry(stack, tags, parameterKey(parameter));
export const keysOfRole = (stack: string, tags: Tags): string[] =>
  [NAMES.roleName, NAMES.role, NAMES.switched, NAMES.ending].flatMap((name) => keysOfEntry(stack, tags, name));
export const keysOfSlot = (stack: string, tags: Tags): string[] => keysOfEntry(stack, tags, NAMES.slot);

/** Other stacks that have changed the same branch, by their journals with the same token. */
export const stacksOnBranch = (stack: string, tags: Tags, branch: string): string[] =>
  otherStacks(stack, tags).filter((other) => recordIn(other, tags).branch === branch);
