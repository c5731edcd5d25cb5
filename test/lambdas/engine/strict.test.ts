import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { changesIn, unboundedIn } from '../../support/strict.ts';

const LAMBDAS = fileURLToPath(new URL('../../../lambdas', import.meta.url));
const files = readdirSync(LAMBDAS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

describe('the rule of pg_strict (#10)', () => {
  it.each([
    ['update a.b set c = 1', 1],
    ['delete from "t"', 1],
    ['with gone as (delete from t returning id) select from gone where true', 1],
    ['update t as x set c = (select 1 from u where true)', 1],
    ['begin update t set c = 1; delete from u where id = 1; end', 1],
    ['update only t x set c = 1 where c = 2', 0],
    ['insert into t values (1) on conflict (id) do update set c = 1', 0],
    ['select from t for update', 0],
    ['update t set c = 1 -- where\n', 1],
  ])('finds in %j %i statements without WHERE', (text, count) => {
    expect(unboundedIn(text)).toHaveLength(count);
  });

  it.each(files)('is kept by every statement in lambdas/%s', (file) => {
    expect(unboundedIn(readFileSync(join(LAMBDAS, file), 'utf8'))).toEqual([]);
  });

  it('is checked on statements that exist', () => {
    expect(files.flatMap((file) => changesIn(readFileSync(join(LAMBDAS, file), 'utf8'))).length).toBeGreaterThan(15);
  });
});
