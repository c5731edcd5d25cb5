/** A plain dump, as pg_dump writes it → its statements. */
import { tokenAt } from './tokens.ts';

/** The content of pg_dump's own comment above a statement. For messages only: names may hold anything, a semicolon included. */
export interface DumpEntry {
  readonly name: string;
  /** Such as `TABLE` or `FK CONSTRAINT`. */
  readonly type: string;
  /** `-` for what lives in no schema. */
  readonly schema: string;
}

export interface DumpStatement {
  /** Undefined for the settings at the top of a dump. */
  readonly entry: DumpEntry | undefined;
  /** Without the semicolon at its end. */
  readonly text: string;
}

const ENTRY = /^-- Name: (?<name>.*); Type: (?<type>[A-Z][A-Z ]*); Schema: (?<schema>.*); Owner: ?.*$/;

function entryOf(comment: string): DumpEntry | undefined {
  const { name, type, schema } = ENTRY.exec(comment)?.groups ?? {};
  return name !== undefined && type !== undefined && schema !== undefined ? { name, type, schema } : undefined;
}

/**
 * Splits at the semicolons that end statements: not those inside of literals, comments, parentheses (rules with several actions) and
 * the bodies of SQL-standard functions. psql's own commands, such as `\restrict`, are left out.
 */
export function splitDump(dump: string): DumpStatement[] {
  const statements: DumpStatement[] = [];
  let entry: DumpEntry | undefined;
  let start: number | undefined;
  let depth = 0;
  let body = new AtomicBody();
  for (let at = 0; at < dump.length; ) {
    const { kind, end } = tokenAt(dump, at);
    const text = kind === 'string' ? '' : dump.slice(at, end);
    const from = at;
    at = end;
    if (kind === 'space') continue;
    if (kind === 'comment') {
      if (start === undefined) entry = entryOf(text) ?? entry;
      continue;
    }
    if (start === undefined && text === '\\') {
      const line = dump.indexOf('\n', from);
      at = line < 0 ? dump.length : line;
      continue;
    }
    if (text === ';' && depth === 0 && !body.open) {
      if (start !== undefined) statements.push({ entry, text: dump.slice(start, from).trimEnd() });
      start = undefined;
      body = new AtomicBody();
      continue;
    }
    start ??= from;
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    else if (depth === 0) body.hear(kind === 'word' ? text.toLowerCase() : '');
  }
  if (start !== undefined) throw new SyntaxError('The dump ends in the middle of a statement.');
  return statements;
}

/**
 * `begin atomic … end`, the body of an SQL-standard function (from version 14 on). `case` and `end` are reserved words, so a name that
 * is spelled like them is always quoted; `begin` is not, so only the pair counts.
 */
export class AtomicBody {
  #depth = 0;
  #last = '';

  get open(): boolean {
    return this.#depth > 0;
  }

  /** The next keyword outside of parentheses, or an empty text for anything else. */
  hear(word: string): void {
    if (word === 'atomic' && this.#last === 'begin') this.#depth += 1;
    else if (word === 'case' && this.open) this.#depth += 1;
    else if (word === 'end' && this.open) this.#depth -= 1;
    this.#last = word;
  }
}
