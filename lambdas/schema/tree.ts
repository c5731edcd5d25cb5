/** A definition as a server prints it → what it is made of, as far as it takes to see that two say the same. */
import { meaningful } from './dump/tokens.ts';

/** A word, name, constant or sign; names without quotes where they need none. */
export interface Atom {
  readonly kind: 'atom';
  readonly text: string;
  /** Whether it may name a column, a function or a relation. */
  readonly isName: boolean;
}

/** Items in parentheses or brackets. */
export interface Group {
  readonly kind: 'group';
  readonly open: '(' | '[';
  readonly items: readonly Item[];
}

/** `operand::type` */
export interface Cast {
  readonly kind: 'cast';
  readonly operand: readonly Item[];
  readonly type: string;
}

export type Item = Atom | Group | Cast;

export const atom = (text: string, isName = false): Atom => ({ kind: 'atom', text, isName });
export const isAtom = (item: Item | undefined, text: string): item is Atom => item?.kind === 'atom' && item.text === text;
export const isGroup = (item: Item | undefined, open: Group['open']): item is Group => item?.kind === 'group' && item.open === open;

/** A name that a server prints without quotes if it is no keyword, which differs from version to version. */
const PLAIN = /^"[a-z_][a-z0-9_$]*"$/;
/** Servers print keywords in capitals, but for those of types and of constants. */
const NAME = /^(?:[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|".*")$/s;

function atomOf(text: string): Atom {
  return PLAIN.test(text) ? atom(text.slice(1, -1), true) : atom(text, NAME.test(text));
}

const CLOSES = { '(': ')', '[': ']' } as const;

/** The items of a text; what is never closed ends with it. */
export function parse(sql: string): Item[] {
  const tokens = [...meaningful(sql)].map(({ start, end }) => sql.slice(start, end));
  let at = 0;
  const sequence = (close?: string): Item[] => {
    const items: Item[] = [];
    for (; at < tokens.length; at += 1) {
      const token = tokens[at] as string;
      if (token === close) break;
      if (token === '(' || token === '[') {
        at += 1;
        items.push({ kind: 'group', open: token, items: sequence(CLOSES[token]) });
      } else if (token === ':' && tokens[at + 1] === ':') items.push(atom(token + tokens[++at]));
      else items.push(atomOf(token));
    }
    return items;
  };
  return sequence();
}

/** In one line, every item apart from the next. */
export const print = (items: readonly Item[]): string => items.map(printed).join(' ');

function printed(item: Item): string {
  if (item.kind === 'atom') return item.text;
  if (item.kind === 'group') return `${item.open} ${print(item.items)} ${CLOSES[item.open]}`;
  return `cast ( ${print(item.operand)} as ${item.type} )`;
}
