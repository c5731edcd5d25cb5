/**
 * One dump of both sections → what is applied before the copy and what after it. pg_dump writes a plain dump in one order, pre-data
 * first, so the first statement that can only be post-data is the border. One dump is one snapshot of the source: two dumps might
 * disagree about a table that was made in between.
 */
import { classify, classifyBehindBorder, type ObjectName, type PostDataStatement } from './kinds.ts';
import type { DumpEntry, DumpStatement } from './statements.ts';
import { meaningful } from './tokens.ts';

export interface Sections {
  readonly preData: readonly DumpStatement[];
  /** Primary keys and replica identities: without them UPDATE and DELETE cannot be applied; and what rows name. In the order of the dump. */
  readonly keys: readonly Key[];
  /** Everything else, in the order of the dump. */
  readonly postData: readonly PostData[];
}

/** A statement without which rows cannot be changed by the stream, or cannot be copied. */
export interface Key extends PostDataStatement {
  readonly entry: DumpEntry | undefined;
  /** Rows name what it makes, or it is needed by something that they name: it has to be there before any row is. */
  readonly named: boolean;
}

/** A statement of post-data that is left for later. */
export interface PostData extends PostDataStatement {
  readonly kind: Exclude<PostDataStatement['kind'], 'primary key' | 'replica identity'>;
  readonly entry: DumpEntry | undefined;
}

const isSetting = (text: string): boolean => /^(?:SET|SELECT pg_catalog\.set_config)\b/.test(text);

const key = ({ schema, name }: ObjectName): string => JSON.stringify([schema, name]);
/** An index or the constraint that carries it, which live in their table's schema. */
const indexKey = ({ on, object }: PostDataStatement): string => key({ schema: on?.schema ?? '', name: object });

/** @param named objects that rows name, which therefore have to be there before them */
export function sectionsOf(dump: readonly DumpStatement[], named: readonly ObjectName[] = []): Sections {
  // `ALTER TABLE … ENABLE` and the like stand in post-data only; see the manual of pg_restore about --section.
  const border = dump.findIndex(({ text }) => classify(text) !== undefined);
  const preData = border < 0 ? dump : dump.slice(0, border);
  const behind = (border < 0 ? [] : dump.slice(border))
    .filter(({ text }) => !isSetting(text))
    .map(({ entry, text }) => ({ entry, ...(classify(text) ?? classifyBehindBorder(text)) }));

  const identities = new Set(behind.filter(({ kind }) => kind === 'replica identity').map(indexKey));
  const wanted = new Set(named.map(key));
  const isIndex = ({ kind }: PostDataStatement): boolean => kind === 'index' || kind === 'unique' || kind === 'exclusion';
  const early = new Set(
    behind
      .filter((one) => one.kind === 'primary key' || (isIndex(one) && (identities.has(indexKey(one)) || wanted.has(indexKey(one)))))
      .map(indexKey),
  );
  const isKey = (one: PostDataStatement): boolean => {
    if (one.kind === 'primary key' || one.kind === 'replica identity') return true;
    if (one.child) return one.on !== undefined && early.has(key(one.on)) && early.has(key(one.child));
    if (one.kind === 'definition') return one.on !== undefined && wanted.has(key(one.on));
    return isIndex(one) && early.has(indexKey(one));
  };
  const keys = behind.filter(isKey);
  // A view that waits for a key groups by it, and so is about the key's table.
  const told = new Set(keys.flatMap(({ kind, text }) => (kind === 'definition' ? namesIn(text) : [])));
  const isNamed = (one: PostDataStatement): boolean =>
    (one.kind === 'primary key' || isIndex(one)) &&
    (wanted.has(indexKey(one)) || (one.kind === 'primary key' && told.has(one.on?.name ?? '')));
  const namedKeys = new Set(keys.filter(isNamed).map(indexKey));
  const comesFirst = (one: PostDataStatement): boolean =>
    one.kind === 'definition' ||
    isNamed(one) ||
    (one.child !== undefined && one.on !== undefined && namedKeys.has(key(one.on)) && namedKeys.has(key(one.child)));
  return {
    preData,
    keys: keys.map((one) => ({ ...one, named: comesFirst(one) })),
    postData: behind.filter((one): one is PostData & typeof one => !isKey(one)),
  };
}

/** Every name and word of a statement. */
function namesIn(text: string): string[] {
  return [...meaningful(text)].flatMap(({ kind, start, end }) => {
    const token = text.slice(start, end);
    return kind === 'name' ? [token.slice(1, -1).replaceAll('""', '"')] : kind === 'word' ? [token] : [];
  });
}
