/** What documents lead to and what they name, found in their Markdown; and the names of findings, found in the code. */
import { dirname, join, normalize } from 'node:path';

/** Path below the root → text. */
export type Texts = ReadonlyMap<string, string>;

const FENCE = /^ *(`{3,}|~{3,}).*\n[\s\S]*?^ *\1 *$/gm;
/** Within a paragraph, over lines too. */
const CODE = /(?<!`)(`+)(?!`)((?:(?!\n\n)[\s\S])*?[^`])\1(?!`)/g;
const withoutFences = (markdown: string): string => markdown.replaceAll(FENCE, '');

/** As GitHub makes it: letters, digits, hyphens, underscores and spaces stay, and spaces become hyphens. */
const slugOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');

/** The headings of a document in their order, as they are written. */
export const headingsOf = (markdown: string): string[] =>
  [...withoutFences(markdown).matchAll(/^#{1,6} +(.+?) *#* *$/gm)].map(([, heading = '']) => heading);

/** The anchors of a document: its headings, numbered where they come again, and what HTML names. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set([...withoutFences(markdown).matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = '']) => name));
  for (const slug of headingsOf(markdown).map(slugOf)) {
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What the links and images of a document lead to, code left out. */
export function linksOf(markdown: string): string[] {
  const text = withoutFences(markdown).replaceAll(CODE, '');
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const defined = [...text.matchAll(/^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?/gm)];
  return [...inline, ...defined].map(([, target = '']) => target);
}

const isElsewhere = (target: string): boolean => /^[a-z][a-z+.-]*:|^\/\//i.test(target);

/** Why a link from a document leads nowhere; undefined where it leads somewhere. */
function faultOf(from: string, target: string, texts: Texts, exists: (path: string) => boolean): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : normalize(path.startsWith('/') ? path.slice(1) : join(dirname(from), decodeURIComponent(path)));
  if (!exists(file)) return `${from} → ${target}: no such file`;
  const text = texts.get(file);
  return anchor === undefined || text === undefined || anchorsOf(text).has(anchor) ? undefined : `${from} → ${target}: no such heading`;
}

/** Relative links of documents that lead to no file or to no heading. */
export const brokenLinks = (texts: Texts, exists: (path: string) => boolean): string[] =>
  [...texts].flatMap(([from, text]) =>
    linksOf(text)
      .filter((target) => !isElsewhere(target))
      .flatMap((target) => faultOf(from, target, texts, exists) ?? []),
  );

const MENTION = /(?<![\w./(-])((?:docs\/)?[\w-]+\.md)(#[\w-]+)?/g;

/** Documents that code speaks of, by their paths below the root, that are not there or lack the heading. Markdown's own links are left out. */
export const brokenMentions = (code: Texts, texts: Texts, exists: (path: string) => boolean): string[] =>
  [...code].flatMap(([from, text]) =>
    [...text.matchAll(MENTION)].flatMap(([, path, anchor = '']) => {
      const fault = faultOf('README.md', `${path}${anchor}`, texts, exists);
      return fault === undefined ? [] : [fault.replace('README.md', from)];
    }),
  );

/** The inline code of a document. */
const codeOf = (markdown: string): string[] =>
  [...withoutFences(markdown).matchAll(CODE)].map(([, , code = '']) => code.replaceAll(/\s+/g, ' ').trim());

const ROOMS = /^(?:bin|lib|lambdas|rehearsal|test|docs|bench|\.ci)\/[\w./-]+$/;
const FILE = /^[\w./-]*[\w-]\.(?:ts|md|json)$/;

/** What stands as code in documents, looks like a file or a folder of the repository, and is none. A bare name may stand in any folder. */
export const brokenPaths = (texts: Texts, all: readonly string[], exists: (path: string) => boolean): string[] =>
  [...texts].flatMap(([from, text]) =>
    codeOf(text)
      .map((code) => code.replace(/:\d+$/, ''))
      .filter((code) => ROOMS.test(code) || FILE.test(code))
      .filter((path) => !exists(normalize(path)) && (path.includes('/') || !all.some((file) => file.endsWith(`/${path}`))))
      .map((path) => `${from}: ${path}`),
  );

/** Names of several capitalized words that stand as code in documents and are words of no code. */
export function unknownNames(texts: Texts, code: string): string[] {
  const words = new Set(code.match(/\b[A-Z]\w+/g));
  return [...texts].flatMap(([from, text]) =>
    codeOf(text)
      .filter((name) => /^(?:[A-Z][a-z]+){2,}$/.test(name) && !words.has(name))
      .map((name) => `${from}: ${name}`),
  );
}

/** First cells of the tables below a heading, up to the next heading of its level, each with the other cells of its row. */
export function rowsBelow(markdown: string, heading: string): Map<string, readonly string[]> {
  const [, level = '#'] = /^(#+) /.exec(heading) ?? [];
  const text = `\n${withoutFences(markdown)}`.split(`\n${heading}\n`)[1] ?? '';
  const end = text.search(new RegExp(`^#{1,${level.length}} `, 'm'));
  const rows = [...(end < 0 ? text : text.slice(0, end)).matchAll(/^\| `(\w+)` \|(.+)\|$/gm)];
  return new Map(rows.map(([, name = '', others = '']) => [name, others.split(' | ').map((cell) => cell.trim())]));
}

/** Names of findings in any code: what is assigned to `code`. SQLSTATEs have no lower-case letter. */
export const codesIn = (code: string): string[] =>
  [...code.matchAll(/\b(?:code: |\w+_CODE = )'([A-Z][a-z]\w+)'/g)].map(([, name = '']) => name);

/** Names of findings in a check, which names nothing else but steps by texts of two capitalized words and more. */
export const findingsIn = (code: string): Set<string> =>
  new Set([...codesIn(code), ...[...code.matchAll(/'((?:[A-Z][a-z]+){2,})'/g)].map(([, name = '']) => name)]);

/** Names of findings in code with the severity that stands beside them, where it is written out. */
export const severitiesIn = (code: string): { readonly name: string; readonly severity: string }[] =>
  [...code.matchAll(/\b(blocker|warning)\(\{\s*code: '([A-Z]\w+)'|\bcode: '([A-Z]\w+)',\s*severity: '(\w+)'/g)].map(
    ([, called, one, other, written]) => ({ name: one ?? other ?? '', severity: called ?? written ?? '' }),
  );
