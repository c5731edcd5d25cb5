/** The paths that functions get, given as soon as the functions are there. */
import type { GivenPath } from '../../state/given-paths.sql.ts';
import { giveWhatIsThere } from '../search-paths.sql.ts';
import type { DumpStatement } from './statements.ts';

const MAKES_ROUTINE = /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE|AGGREGATE)\b/;
const MAKES_TABLE = /^CREATE (?:UNLOGGED |FOREIGN )?TABLE\b/;

/** Before every table that comes after functions, and at the end. pg_dump sorts most functions before all tables, so that is a few times. */
export function withPaths(statements: readonly DumpStatement[], paths: readonly GivenPath[]): readonly DumpStatement[] {
  if (paths.length === 0) return statements;
  const give: DumpStatement = { entry: undefined, text: giveWhatIsThere(paths) };
  let isDue = false;
  const given = statements.flatMap((statement) => {
    isDue ||= MAKES_ROUTINE.test(statement.text);
    if (!isDue || !MAKES_TABLE.test(statement.text)) return [statement];
    isDue = false;
    return [give, statement];
  });
  return isDue ? [...given, give] : given;
}
