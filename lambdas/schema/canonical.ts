/**
 * One form for definitions that say the same. What a server prints depends on its version (which words are keywords, how a function with
 * syntax of its own is written, whether the columns of a view are qualified) and on the path by which the definition came: one that was
 * dumped and loaded reads otherwise than the one that was typed, although it means the same.
 *
 * Known to differ between versions 11 and 18 or by being loaded again, and alike here: quotes, parentheses that change nothing, nested AND
 * and OR, casts of array constructors, digits of floats, calls that became syntax in 14, `EXECUTE PROCEDURE`, and the qualified
 * columns of a query from one relation, which 16 no longer prints (https://www.postgresql.org/docs/release/14.0/,
 * https://www.postgresql.org/docs/release/16.0/). Pure.
 */
import { isOne, split, withCasts, withKeywords } from './casts.ts';
import { asCall } from './syntax-calls.ts';
import { atom, type Group, type Item, isAtom, isGroup, parse, print } from './tree.ts';
import { unqualified } from './views.ts';

/** The form in which two definitions, or two names, can be compared; not to be shown, and not to be run. */
export function canonical(definition: string): string {
  const known = forms.get(definition);
  if (known !== undefined) return known;
  const form = print(sequence(parse(definition))).replace(/ ;$/, '');
  if (forms.size >= MOST_KEPT) forms.clear();
  forms.set(definition, form);
  return form;
}

/** A comparison asks for the same few definitions again and again. */
const forms = new Map<string, string>();
const MOST_KEPT = 10_000;

/** Whether they say the same; cheap where they do so literally. */
export const sayTheSame = (one: string, other: string): boolean => one === other || canonical(one) === canonical(other);

function sequence(items: readonly Item[]): Item[] {
  const inner = items.map((item): Item => (item.kind === 'group' ? { ...item, items: sequence(item.items) } : item));
  const flat = withoutParentheses(asCall(withCasts(withKeywords(inner))));
  return unqualified(flattened(flattened(renamed(flat), 'AND'), 'OR'));
}

/** Words before parentheses that belong to the expression in them, as operators do; after others they say what is in there. */
const BEFORE_EXPRESSION = new Set(['AND', 'OR', 'NOT', 'WHEN', 'THEN', 'ELSE', 'CASE', 'FROM', 'SELECT', 'ON', 'WHERE', 'DEFAULT']);

const bindsParentheses = (before: Item | undefined): boolean =>
  before?.kind === 'atom' && (before.isName || (/^[A-Z_]+$/.test(before.text) && !BEFORE_EXPRESSION.has(before.text)));

function withoutParentheses(items: readonly Item[]): Item[] {
  return items.flatMap((item, at): readonly Item[] => {
    if (!isGroup(item, '(')) return [item];
    const inner = unwrapped(item);
    return !bindsParentheses(items[at - 1]) && isOne(inner.items) ? inner.items : [inner];
  });
}

/** `((x))` is `(x)`. */
function unwrapped(group: Group): Group {
  const [only] = group.items;
  return group.items.length === 1 && isGroup(only, '(') && !isList(only) ? unwrapped({ ...group, items: only.items }) : group;
}

/** Of more than one, as in `VALUES ((1, 2))` or a row. */
const isList = ({ items }: Group): boolean => items.some((item) => isAtom(item, ','));

/** `(a AND b) AND c` is `a AND b AND c`, which the parser makes of it when it is read again. */
function flattened(items: readonly Item[], word: 'AND' | 'OR'): Item[] {
  const parts = split(items, word);
  if (parts.length === 1) return [...items];
  const other = word === 'AND' ? 'OR' : 'AND';
  return parts.flatMap((part, at) => {
    const [only] = part;
    const nested = part.length === 1 && isGroup(only, '(') ? only.items : [];
    const isSame = nested.some((item) => isAtom(item, word)) && !nested.some((item) => isAtom(item, other));
    return [...(at === 0 ? [] : [atom(word)]), ...(isSame ? nested : part)];
  });
}

/** Version 11 still says PROCEDURE for what a trigger executes. */
const renamed = (items: readonly Item[]): Item[] =>
  items.map((item, at) => (isAtom(item, 'PROCEDURE') && isAtom(items[at - 1], 'EXECUTE') ? atom('FUNCTION') : item));
