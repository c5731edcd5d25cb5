/** Reads an answer's fields, each of the type that is expected. Nothing that was read is ever part of an error: an answer may hold a password. */

/** A field that is not as expected. The call that read it puts it into words. */
export class Unexpected extends Error {
  /** Such as `data[3].state`; empty for the whole answer. */
  readonly field: string;
  /** Such as `a text`. */
  readonly expected: string;
  constructor(field: string, expected: string) {
    super(`${field || 'the whole'} is not ${expected}`);
    this.field = field;
    this.expected = expected;
  }
}

/** An object of an answer. Fields that nothing reads are of no interest. */
export interface Fields {
  /** Where it stands in the answer, for errors. */
  at(name: string): string;
  /** Not empty. */
  text(name: string): string;
  /** Undefined where it is missing, null or empty. */
  optionalText(name: string): string | undefined;
  /** A value of a parameter: numbers and booleans are written as texts, nothing as an empty one, and a list as JSON. */
  value(name: string): string;
  flag(name: string): boolean;
  optionalNumber(name: string): number | undefined;
  optionalTexts(name: string): readonly string[] | undefined;
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word;
  object(name: string): Fields;
  optionalObject(name: string): Fields | undefined;
  /** Undefined for whatever is no object. */
  objectIfAny(name: string): Fields | undefined;
  objects(name: string): readonly Fields[];
  /** Names of its fields. */
  readonly names: readonly string[];
}

const isMissing = (value: unknown): value is undefined | null => value === undefined || value === null;

/** @throws Unexpected */
export function fieldsOf(value: unknown, path = ''): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unexpected(path, 'an object');
  const read = (name: string): unknown => (Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined);
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const typed = <Kind>(name: string, isKind: (found: unknown) => found is Kind, expected: string): Kind => {
    const found = read(name);
    if (isKind(found)) return found;
    throw new Unexpected(at(name), expected);
  };
  const optionalText = (name: string) => (isMissing(read(name)) ? undefined : typed(name, isText, 'a text') || undefined);
  return {
    at,
    names: Object.keys(value),
    text: (name) => typed(name, isFilled, 'a text'),
    optionalText,
    value(name) {
      const found = read(name);
      if (isMissing(found)) return '';
      return Array.isArray(found) ? JSON.stringify(found) : String(typed(name, isPlain, 'a text, a number or a boolean'));
    },
    flag: (name) => typed(name, (found) => typeof found === 'boolean', 'true or false'),
    optionalNumber: (name) => (isMissing(read(name)) ? undefined : typed(name, isNumber, 'a number')),
    optionalTexts: (name) => (isMissing(read(name)) ? undefined : typed(name, areTexts, 'a list of texts')),
    oneOf(name, words) {
      const found = words.find((word) => word === read(name));
      if (found === undefined) throw new Unexpected(at(name), `one of ${words.join(', ')}`);
      return found;
    },
    object: (name) => fieldsOf(read(name), at(name)),
    optionalObject: (name) => (isMissing(read(name)) ? undefined : fieldsOf(read(name), at(name))),
    objectIfAny: (name) => (isObject(read(name)) ? fieldsOf(read(name), at(name)) : undefined),
    objects: (name) => objectsOf(read(name), at(name)),
  };
}

/** @throws Unexpected */
export function objectsOf(value: unknown, path = ''): readonly Fields[] {
  if (!Array.isArray(value)) throw new Unexpected(path, 'a list');
  return value.map((one, index) => fieldsOf(one, `${path}[${index}]`));
}

const isObject = (found: unknown): boolean => typeof found === 'object' && found !== null && !Array.isArray(found);
const isText = (found: unknown): found is string => typeof found === 'string';
const isFilled = (found: unknown): found is string => isText(found) && found !== '';
const isNumber = (found: unknown): found is number => typeof found === 'number' && Number.isFinite(found);
const isPlain = (found: unknown): found is string | number | boolean => isText(found) || isNumber(found) || typeof found === 'boolean';
const areTexts = (found: unknown): found is string[] => Array.isArray(found) && found.every(isText);
