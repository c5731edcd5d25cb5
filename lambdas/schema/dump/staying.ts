/**
 * Statements of a dump that may be passed over when the target refuses them: those that make something which holds no rows and which no
 * table needs, because a table that needed it would be refused in turn. Functions may also be made in a lesser form, which does the same.
 */
import * as sqlstate from '../../postgres/sqlstates.ts';
import { meaningful, type TokenKind } from './tokens.ts';

/** Conditions of what a managed target does not let a role make that is no superuser, or does not offer. */
const LACKING = [
  sqlstate.INSUFFICIENT_PRIVILEGE,
  sqlstate.FEATURE_NOT_SUPPORTED,
  sqlstate.UNDEFINED_FILE,
  sqlstate.IO_ERROR,
  sqlstate.CONFIG_FILE_ERROR,
];
/**
 * The same of something that a function, a dictionary and the like name: a language, a template, a file's symbol, a setting, a role. A view
 * that names something unknown has another fault, unless what it names has stayed behind.
 */
const UNKNOWN = [
  sqlstate.UNDEFINED_OBJECT,
  sqlstate.UNDEFINED_FUNCTION,
  sqlstate.INVALID_PARAMETER_VALUE,
  sqlstate.INVALID_FUNCTION_DEFINITION,
  sqlstate.FDW_INVALID_OPTION_NAME,
  sqlstate.FDW_ERROR,
];
const CONSEQUENCE = [
  sqlstate.UNDEFINED_OBJECT,
  sqlstate.UNDEFINED_FUNCTION,
  sqlstate.UNDEFINED_TABLE,
  sqlstate.UNDEFINED_COLUMN,
  sqlstate.WRONG_OBJECT_TYPE,
  sqlstate.INVALID_SCHEMA_NAME,
];

/** Classes after which nothing else succeeds either: resources that have run out, limits, an operator's intervention, a defect. */
export const endsEverything = (code: string | undefined): boolean => /^(?:53|54|57|XX)/.test(code ?? '');

/** Heads of statements, as pg_dump writes them. */
const MAKES_NO_ROWS = new RegExp(
  `^(?:CREATE (?:OR REPLACE |TRUSTED |DEFAULT )*(?:PROCEDURAL )?(?:${[
    'FUNCTION|PROCEDURE|AGGREGATE|OPERATOR|CAST|TRANSFORM|CONVERSION|LANGUAGE|ACCESS METHOD|EVENT TRIGGER|STATISTICS|COLLATION',
    'TEXT SEARCH|FOREIGN DATA WRAPPER|SERVER|USER MAPPING|FOREIGN TABLE|TYPE|DOMAIN|VIEW|MATERIALIZED VIEW',
  ].join('|')})|ALTER (?:${[
    'TEXT SEARCH|OPERATOR|EVENT TRIGGER|FOREIGN TABLE|STATISTICS|TYPE|DOMAIN|FUNCTION|PROCEDURE|AGGREGATE',
    'TABLE (?:ONLY )?[^\\n]+ ALTER COLUMN [^\\n]+ SET (?:COMPRESSION|STORAGE|STATISTICS)',
  ].join('|')})|COMMENT ON)\\b`,
);
/** Objects that are made of other objects alone. */
const MADE_OF_OTHERS = /^(?:CREATE (?:OR REPLACE )?(?:VIEW|MATERIALIZED VIEW|FOREIGN TABLE|STATISTICS|TYPE|DOMAIN)|ALTER DOMAIN)\b/;

/** @param others whether something has stayed behind already, so that a name may be unknown for that reason */
export function mayStay(text: string, code: string | undefined, others: boolean): boolean {
  if (code === undefined || !MAKES_NO_ROWS.test(text)) return false;
  if (LACKING.includes(code) || (others && CONSEQUENCE.includes(code))) return true;
  return UNKNOWN.includes(code) && !MADE_OF_OTHERS.test(text);
}

export interface LesserForm {
  readonly text: string;
  /** Such as `LEAKPROOF`. */
  readonly without: readonly string[];
}

/** Settings of a function that change nothing of what it does: what is logged and counted, and what newer versions have dropped. */
const HARMLESS =
  /^(?:log_\w+|track_\w+|debug_\w+|auto_explain\.\w+|pg_stat_statements\.\w+|compute_query_id|force_parallel_mode|operator_precedence_warning|vacuum_cleanup_index_scale_factor)$/;

interface Word {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Options of a function, before its body; what stands in parentheses is left out. */
function optionsOf(text: string): Word[] {
  const words: Word[] = [];
  let depth = 0;
  for (const { kind, start, end } of meaningful(text)) {
    const word = text.slice(start, end);
    if (word === '(') depth += 1;
    if (depth === 0 && (word === 'AS' || word === 'BEGIN' || word === 'RETURN') && kind === 'word') break;
    if (depth === 0) words.push({ kind, text: word, start, end });
    if (word === ')') depth -= 1;
  }
  return words;
}

interface Part {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** A dotted name from a position on, without quotes, and the position after it. */
function nameAt(words: readonly Word[], at: number): { readonly name: string; readonly next: number } {
  let next = at + 1;
  while (words[next]?.text === '.' && words[next + 1]) next += 2;
  const name = words
    .slice(at, next)
    .map(({ text }) => text.replace(/^"(.*)"$/s, '$1'))
    .join('');
  return { name, next };
}

/** Parts that only a superuser may ask for, and without which the function gives the same answers. */
function dispensable(text: string): Part[] {
  const words = optionsOf(text);
  return words.flatMap((word, at): Part[] => {
    if (word.kind !== 'word') return [];
    const start = word.start;
    if (word.text === 'LEAKPROOF') return [{ what: 'LEAKPROOF', start, end: word.end }];
    if (word.text === 'SUPPORT') {
      const { name, next } = nameAt(words, at + 1);
      return [{ what: `SUPPORT ${name}`, start, end: words[next - 1]?.end ?? word.end }];
    }
    if (word.text !== 'SET') return [];
    const { name, next } = nameAt(words, at + 1);
    if (!HARMLESS.test(name)) return [];
    let last = next + 1; // TO, and the first value
    while (words[last + 1]?.text === ',') last += 2;
    return [{ what: `SET ${name}`, start, end: words[last]?.end ?? word.end }];
  });
}

/** The same statement with less and less of what the target may have refused it for. */
export function lesserForms(text: string, code: string | undefined): LesserForm[] {
  if (
    !/^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b/.test(text) ||
    ![sqlstate.INSUFFICIENT_PRIVILEGE, sqlstate.UNDEFINED_OBJECT, sqlstate.INVALID_PARAMETER_VALUE].includes(code ?? '')
  )
    return [];
  const parts = dispensable(text);
  const without = (left: readonly Part[]): LesserForm => ({
    text: left.reduceRight((shorter, { start, end }) => shorter.slice(0, start) + shorter.slice(end), text),
    without: left.map(({ what }) => what),
  });
  return [...(parts.length > 1 ? parts.map((part) => without([part])) : []), ...(parts.length > 0 ? [without(parts)] : [])];
}
