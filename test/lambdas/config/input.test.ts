import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../../lambdas/config/errors.ts';
import { DEFAULT_INPUT, parseInput } from '../../../lambdas/config/input.ts';
import { identifier } from '../../../lambdas/postgres/quote.ts';

const problemsOf = (input: unknown): readonly string[] => {
  try {
    parseInput(input);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
};

describe('the input of an execution', () => {
  it('may be empty', () => {
    expect(parseInput({})).toEqual(DEFAULT_INPUT);
  });

  it("may hold the console's own comment, whatever it says", () => {
    expect(parseInput({ Comment: 'Insert your JSON here' })).toEqual(DEFAULT_INPUT);
    expect(parseInput({ Comment: { any: 'thing' } })).toEqual(DEFAULT_INPUT);
  });

  it('overrides the defaults, key by key', () => {
    const defaults = parseInput({ indexWorkers: 8, excludeSchemas: ['audit'] });
    expect(parseInput({ indexWorkers: 4, reboot: 'now' }, defaults)).toEqual({
      ...DEFAULT_INPUT,
      indexWorkers: 4,
      excludeSchemas: ['audit'],
      reboot: 'now',
    });
  });

  it('is refused with a key of another machine, like any unknown key', () => {
    expect(parseInput({ target: 'drop' }).target).toBe('drop');
    const refused = () => parseInput({ target: 'drop' }, DEFAULT_INPUT, ['Preflight', 'Replicate']);
    expect(refused).toThrow(/"target" is not a setting; the settings are (?!.*target)/);
  });

  it.each([null, [], 'x', 7, true, undefined])('is refused where it is no object: %j', (input) => {
    expect(problemsOf(input)).toEqual([expect.stringContaining('must be a JSON object')]);
  });

  it('has every problem reported at once', () => {
    const problems = problemsOf({ indexWorkers: 0, sequenceMargin: 1.5, reboot: 'later', colour: 1, excludeSchemas: ['', 'a\nb', 'ok'] });
    expect(problems).toHaveLength(6);
    expect(problems.join('\n')).toMatch(
      /indexWorkers[\s\S]*sequenceMargin[\s\S]*reboot[\s\S]*colour[\s\S]*excludeSchemas[\s\S]*excludeSchemas/,
    );
  });

  it('is refused with the statement that nothing was changed, and the remedy', () => {
    expect(() => parseInput({ colour: 1 })).toThrow(/nothing was touched: "colour" is not a setting.*Start a new execution/);
  });

  it.each([
    ['comment', 'x'],
    ['__proto__', 'x'],
    ['constructor', 'x'],
    ['toString', 'x'],
    ['CheckReadiness', { verdict: 'done' }],
    ['failure', {}],
  ])('is refused with the unknown key %j', (key, value) => {
    expect(problemsOf(JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(value)}}`))).toEqual([
      expect.stringContaining('is not a setting'),
    ]);
  });

  it.each([
    ['excludeSchemas', 'audit', 'must be a list'],
    ['excludeSchemas', [7], 'must be a name'],
    ['excludeSchemas', ['x'.repeat(64)], '63 bytes'],
    ['excludeSchemas', ['é'.repeat(32)], '63 bytes'],
    ['excludeSchemas', ['a\u0000b'], 'control character'],
    ['excludeSchemas', ['a\u2028b'], 'line break'],
    ['excludeSchemas', ['\ud800'], 'half a character'],
    ['excludeTables', ['orders'], 'not schema.table'],
    ['excludeTables', ['a.b.c'], 'not schema.table'],
    ['excludeTables', ['.b'], 'not schema.table'],
    ['excludeTables', ['"a"b.c'], 'not schema.table'],
    ['excludeTables', ['"a.b'], 'not schema.table'],
    ['excludeTables', [{ schema: 'a', table: 'b' }], 'not schema.table'],
    ['excludeTables', ['"a\nb".c'], 'line break'],
    ['excludeTables', [`a.${'x'.repeat(64)}`], '63 bytes'],
    ['reboot', true, 'must be one of'],
    ['reboot', 'NOW', 'must be one of'],
    ['target', 'Drop', 'must be one of'],
    ['target', true, 'must be one of'],
    ['indexWorkers', '2', 'whole number'],
    ['indexWorkers', 33, 'whole number'],
    ['indexWorkers', Number.NaN, 'whole number'],
    ['sequenceMargin', -1, 'whole number'],
    ['maxLagBytes', 0, 'whole number'],
    ['maxLagMilliseconds', 1e9, 'whole number'],
    ['longTransactionSeconds', Number.POSITIVE_INFINITY, 'whole number'],
  ])('is refused with %s %j, and the reason', (key, value, reason) => {
    const problems = problemsOf({ [key]: value });
    expect(problems).toEqual([expect.stringContaining(reason)]);
    expect(problems[0]).toContain(`"${key}"`);
  });

  it('is refused in one short line, however long or broken the value', () => {
    const [problem = ''] = problemsOf({ excludeSchemas: [`a\n${"'; drop table x; --".repeat(1000)}`] });
    expect(problem).not.toContain('\n');
    expect(problem.length).toBeLessThan(250);
  });

  it.each([
    ['public.orders', 'public', 'orders'],
    ['public.Order Lines', 'public', 'Order Lines'],
    ['"my.schema"."a""b"', 'my.schema', 'a"b'],
    ["ünïcode.o'brien %s \\", 'ünïcode', "o'brien %s \\"],
    ['a.b; drop table c', 'a', 'b; drop table c'],
  ])('names the table %s', (written, schema, table) => {
    expect(parseInput({ excludeTables: [written] }).excludeTables).toEqual([{ schema, table }]);
  });

  it('accepts every name as SQL quotes it', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 15, unit: 'grapheme' })
      .filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 63 && !/[\p{Cc}\u2028\u2029]/u.test(text));
    fc.assert(
      fc.property(name, name, (schema, table) => {
        const written = `${identifier(schema)}.${identifier(table)}`;
        expect(parseInput({ excludeTables: [written] }).excludeTables).toEqual([{ schema, table }]);
      }),
    );
  });
});
