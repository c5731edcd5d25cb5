import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identifier, literal } from '../../../../lambdas/postgres/quote.ts';
import { splitDump } from '../../../../lambdas/schema/dump/statements.ts';

const texts = (dump: string) => splitDump(dump).map(({ text }) => text);

/** Text that is full of what ends or opens something. */
const nasty = fc
  .array(
    fc.constantFrom(
      ';',
      "'",
      '"',
      '$',
      '$$',
      '$a$',
      '--',
      '/*',
      '*/',
      '\\',
      '\n',
      '(',
      ')',
      ' ',
      'E',
      'end',
      'begin atomic',
      'ü',
      '😀',
      'x',
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''));

/** A dollar-quoted constant under a tag that the text does not hold. */
const dollars = (text: string): string => {
  let tag = '';
  while (`${text}$`.includes(`$${tag}$`)) tag += '_';
  return `$${tag}$${text}$${tag}$`;
};

const piece = fc.oneof(
  nasty.map(literal),
  nasty.map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  nasty.map(identifier),
  nasty.map(dollars),
  nasty.map((text) => `(${literal(text)}; (${identifier(text)}))`),
  nasty.map((text) => `/* /* ${text.replaceAll(/[*/]/g, '')} */ ${text.replaceAll(/[*/]/g, '')} */`),
  nasty.map((text) => `-- ${text.replaceAll('\n', '')}\n`),
  fc.constantFrom('begin', 'a$b$c', '$1', '1$', 'case when x then y end', 'e', 'n', '::text', '||', 'begin atomic select 1; end'),
);
const statement = fc.array(piece, { maxLength: 6 }).map((pieces) => `create x ${pieces.join(' ')} z`);

describe('splitting a dump', () => {
  it('gives back the statements that were joined, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), (statements) => {
        expect(texts(`${statements.join(';\n\n')}${statements.length > 0 ? ';' : ''}\n`)).toEqual(statements);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds the TOC entry above a statement, and every statement of it', () => {
    const dump = [
      'SET statement_timeout = 0;',
      '--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.t ();',
      '--\n-- Name: x; Type: TABLE; Schema: y; z; Type: FK CONSTRAINT; Schema: other one; Owner: -\n--\n\nALTER TABLE a;\nALTER TABLE b;',
      '--\n-- Name: FUNCTION f(); Type: COMMENT; Schema: -; Owner: \n--\n\nCOMMENT;',
    ].join('\n\n\n');
    expect(splitDump(dump)).toEqual([
      { entry: undefined, text: 'SET statement_timeout = 0' },
      { entry: { name: 't', type: 'TABLE', schema: 'public' }, text: 'CREATE TABLE public.t ()' },
      { entry: { name: 'x; Type: TABLE; Schema: y; z', type: 'FK CONSTRAINT', schema: 'other one' }, text: 'ALTER TABLE a' },
      { entry: { name: 'x; Type: TABLE; Schema: y; z', type: 'FK CONSTRAINT', schema: 'other one' }, text: 'ALTER TABLE b' },
      { entry: { name: 'FUNCTION f()', type: 'COMMENT', schema: '-' }, text: 'COMMENT' },
    ]);
  });

  it('finds no TOC entry inside of a statement', () => {
    const [only] = splitDump(
      "-- Name: real; Type: VIEW; Schema: s; Owner: -\nCREATE VIEW v AS\n-- Name: no; Type: TABLE; Schema: s; Owner: -\nSELECT ';';",
    );
    expect(only?.entry?.name).toBe('real');
  });

  it('leaves out psql commands, but nothing inside of a literal', () => {
    expect(texts("\\restrict abc\n\nSELECT '\n\\restrict no;\n', E'\\\\'\n;\n\\unrestrict abc\n")).toEqual([
      "SELECT '\n\\restrict no;\n', E'\\\\'",
    ]);
  });

  it('keeps the body of a function together', () => {
    const body = `CREATE FUNCTION public.begin(a integer) RETURNS text
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT CASE WHEN (a > 1) THEN CASE a WHEN 2 THEN 'end;' ELSE 'x' END ELSE 'y' END AS "end";
 INSERT INTO t (atomic) VALUES ((CASE WHEN true THEN 1 END));
END`;
    expect(texts(`${body};\n\nCREATE FUNCTION begin() RETURNS int LANGUAGE sql RETURN 1;\n`)).toEqual([
      body,
      'CREATE FUNCTION begin() RETURNS int LANGUAGE sql RETURN 1',
    ]);
  });

  it('takes time in proportion to the length, and accepts deep literals', () => {
    const long = `SELECT '${"''".repeat(1_000_000)}', $q$${'\n;'.repeat(1_000_000)}$q$`;
    expect(texts(`${long};SELECT 2;`)).toEqual([long, 'SELECT 2']);
  });

  it('refuses a truncated dump', () => {
    expect(() => splitDump('CREATE TABLE a ();\nCREATE TABLE b (')).toThrow(SyntaxError);
    expect(() => splitDump("SELECT 'never closed;\n")).toThrow(SyntaxError);
  });
});
