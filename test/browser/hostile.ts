/** A report whose every name wants to be something else: a script, an attribute, a style, or text that reads the other way round. */
import type { MigrationReport } from '../../lambdas/report/model.ts';
import { reportWith } from '../support/reports.ts';

/** Each does something that is seen where it is taken for markup: it asks for something, complains, or stands over everything. */
const NAMES = [
  `<script>console.error('a script')</script>`,
  `</title></style></svg><img src=x onerror="console.error('an image')">`,
  `"><svg onload=console.error('a drawing')>`,
  `' onmouseover='console.error(1)' x='`,
  `]]></text><style>@import 'https://example.com/a.css'</style>`,
  '<meta http-equiv=refresh content="0;url=https://example.com">',
  '<base href=https://example.com><link rel=icon href=/i>',
  '\u202eelbat\u202c\u2066 over \u2069',
  'W'.repeat(63),
  'ﷺ'.repeat(21),
  '表'.repeat(21),
  'e\u0301\u0302\u0303\u0304'.repeat(7),
  '👩‍👩‍👧‍👦'.repeat(2),
  ' a ',
  'a\nb\tc',
  '&lt;b&gt; &amp;',
  '`x` {{y}} <!--',
] as const;

type Text = string;

/** The report with every text that comes from somewhere replaced by one of these names. */
export function hostileReport(): MigrationReport {
  let next = 0;
  const name = (): Text => NAMES[next++ % NAMES.length] ?? '';
  const whole = reportWith();
  const all = <Of>(one: (number: number) => Of): Of[] => NAMES.map((_, number) => one(number));
  const [finding] = whole.findings;
  const [costs] = whole.costs;
  if (!finding || !costs) throw new Error('The report that this one is made of lacks something.');
  return {
    ...whole,
    ...{ stack: name(), database: name(), sides: { source: name(), target: name() } },
    outcome: { ...whole.outcome, says: name() },
    answers: { moved: name(), took: name(), without: name(), proved: name(), left: name(), cost: name() },
    executions: whole.executions.map((one) => ({ ...one, execution: name(), error: name(), cause: NAMES.join(' ') })),
    tables: all((number) => ({
      ...{ schema: name(), table: name(), bytes: 1e9 * (number + 1), toastBytes: number, rows: number },
      compared: number % 2 === 0 ? ('equal' as const) : ('different' as const),
    })).reverse(),
    comparison: whole.comparison && { ...whole.comparison, different: all(() => ({ schema: name(), table: name(), says: name() })) },
    sequences: { count: 99, behind: all(name), atTheirBound: all(name), cycling: all(name), differing: all(name) },
    indexes: all(() => ({ kind: name(), done: 1, of: 2 })),
    indexFailures: all(name),
    findings: all(() => ({ ...finding, code: name(), objects: [...NAMES], message: name(), remedy: name(), execution: name() })),
    left: all(name),
    forecast: whole.forecast.map((one) => ({ ...one, source: name() })),
    costs: all(() => ({ ...costs, item: name(), source: name() })),
    links: Object.fromEntries([
      ...all((number) => [`${name()} ${number}`, 'https://example.com/'] as const),
      [name(), `javascript:console.error('a link')`],
      [name(), `data:text/html,<script>console.error('data')</script>`],
    ]),
  };
}
