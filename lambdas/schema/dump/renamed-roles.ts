/** Statements of a dump that name roles (policies, mappings of users), with the names that these have on the target. */
import { identifier } from '../../postgres/quote.ts';
import type { DumpStatement } from './statements.ts';
import { meaningful } from './tokens.ts';

const NAMES_ROLES = /^CREATE (?:POLICY|USER MAPPING FOR)\b/;

/** Where the list of roles of a statement ends. */
const AFTER_ROLES = new Set(['USING', 'WITH', 'SERVER']);

/** @param names of the roles that have another name on the target, by their names on the source */
export function withRolesRenamed(statements: readonly DumpStatement[], names: ReadonlyMap<string, string>): readonly DumpStatement[] {
  if (names.size === 0) return statements;
  return statements.map((statement) =>
    NAMES_ROLES.test(statement.text) ? { ...statement, text: renamed(statement.text, names) } : statement,
  );
}

function renamed(text: string, names: ReadonlyMap<string, string>): string {
  let result = '';
  let copied = 0;
  let isRole = false;
  for (const { kind, start, end } of meaningful(text)) {
    const word = text.slice(start, end);
    // The first expression of a policy begins with a parenthesis; pg_dump writes the roles before it.
    if (word === '(' || (kind === 'word' && AFTER_ROLES.has(word))) break;
    if (kind === 'word' && (word === 'TO' || word === 'FOR')) isRole = true;
    const name = isRole && kind === 'name' ? names.get(word.slice(1, -1).replaceAll('""', '"')) : undefined;
    if (name === undefined) continue;
    result += text.slice(copied, start) + identifier(name);
    copied = end;
  }
  return result + text.slice(copied);
}
