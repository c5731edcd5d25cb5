/** Everything in a report comes from databases, executions and people; none of it becomes a part of the page. */
import { describe, expect, it } from 'vitest';
import type { MigrationReport } from '../../../../lambdas/report/model.ts';
import { pageOf } from '../../../../lambdas/report/page/page.ts';
import { reportWith } from '../../../support/reports.ts';

/** Every text of the value in place of its own; keys, and those texts that a type names, stay. */
function replaced<Value>(value: Value, by: string, key = ''): Value {
  const kept = ['version', 'code', 'severity', 'became', 'compared', 'status', 'way', 'unit', 'from', 'to'];
  const moments = ['writtenAt', 'startedAt', 'endedAt', 'at'];
  if (typeof value === 'string') return (kept.includes(key) || moments.includes(key) ? value : by) as Value;
  if (Array.isArray(value)) return value.map((one) => replaced(one, by, key)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaced(one, by, name)])) as Value;
}

const report = reportWith({
  comparison: { at: null, tables: 1, rows: 1, bytes: 1, different: [{ schema: 'a', table: 'b', says: 'c' }], moreDifferent: 0 },
  sequences: { count: 4, behind: ['a'], atTheirBound: ['b'], cycling: ['c'], differing: ['d'] },
});

/** The report in which every text is this one, the codes of findings and keys of links included. */
const reportOf = (text: string): MigrationReport => ({
  ...replaced(report, text),
  findings: report.findings.map((finding) => ({ ...replaced(finding, text), code: text })),
  links: { [text]: text, [`${text} `]: `https://example.com/${text}` },
});

const plain = pageOf(reportOf('plain'));
const tagsOf = (page: string): string[] => [...page.matchAll(/<\/?([a-z!][\w-]*)/gi)].map(([, tag = '']) => tag);
/** The page with everything that stands between its tags and in their attributes taken out. */
const skeleton = (page: string): string[] =>
  [...page.replace(/<(svg)[\s\S]*?<\/svg>/g, '<$1>').matchAll(/<\/?[a-z!][\w-]*(?:\s+[\w:-]+(?:="[^"]*")?)*\s*>/gi)].map(([tag]) =>
    tag.replaceAll(/="[^"]*"/g, ''),
  );

describe.each([
  ['a script', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['an end of everything', '</title></style></svg></table></html><script>1</script>', '&lt;/title&gt;'],
  ['an attribute', '"onload="alert(1)', '&quot;onload=&quot;alert(1)'],
  ['an attribute in single quotes', "' onmouseover='alert(1)", '&#39; onmouseover=&#39;'],
  ['an entity', '&amp;&lt;b&gt;', '&amp;amp;&amp;lt;b&amp;gt;'],
  ['the end of a comment and of CDATA', ']]>--><b>', ']]&gt;--&gt;&lt;b&gt;'],
  ['a template of the library', '{a|b}{value}{b0}<b>', '{a|b}{value}{b0}&lt;b&gt;'],
  ['a style of the library', '<style ></style> class="zr0-cls-0"', '&lt;style &gt;'],
])('where every text is %s', (_what, text, shown) => {
  const page = pageOf(reportOf(text));
  const charts = page.match(/<svg[\s\S]*?<\/svg>/g) ?? [];

  it('occurs nowhere as it is, in no chart either', () => {
    expect(page).not.toContain(text);
    expect(page).toContain(shown);
    expect(charts.length).toBeGreaterThan(10);
  });

  it('the page has the same elements with the same attributes as with plain words', () => {
    expect(skeleton(page)).toEqual(skeleton(plain));
    expect(new Set(tagsOf(page))).toEqual(new Set(tagsOf(plain)));
    expect(skeleton(page).filter((tag) => /\son\w+/i.test(tag))).toEqual([]);
  });
});

describe('names that cannot be seen as they are', () => {
  const page = pageOf(reportOf('a\u202egnp.exe\u0000\u0007\u2066b\ud800c'));

  it('are written out, in charts too: nothing turns the direction of the text around it', () => {
    expect(page).not.toMatch(/\p{Bidi_Control}/u);
    expect(page).toContain('a\\u{202e}gnp.exe\\u{0}\\u{7}\\u{2066}b\\u{d800}c');
    expect((page.match(/<svg[\s\S]*?<\/svg>/g) ?? []).join('')).toContain('\\u{202e}');
  });

  it('leave no control character but the ends of lines', () => {
    expect(page.match(/(?![\n\t])\p{Cc}/gu)).toBeNull();
    expect(page.isWellFormed()).toBe(true);
  });

  it('of a script that runs from right to left stay as they are, apart from what stands around them', () => {
    expect(pageOf(reportOf('הזמנות'))).toContain('<bdi>הזמנות</bdi>');
  });
});
