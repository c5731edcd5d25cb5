/** The dashboard as CloudWatch gets it, held against what the functions really write. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { lambdaLog } from '../../lambdas/adapters/aws/logger.ts';
import { publishMeasures } from '../../lambdas/adapters/aws/metrics.ts';
import type { Finding } from '../../lambdas/checks/finding.ts';
import { evidenceOf, logFindings } from '../../lambdas/checks/report.ts';
import { type Measures, type MetricName, UNITS } from '../../lambdas/monitoring/metrics.ts';
import { ALARM_NAMES, needsEntrance } from '../../lib/alarms.ts';
import { dashboard, FINDING_STEPS } from '../../lib/dashboard.ts';
import { expressionsOf, metricsOf, placeholder, type Widget, widgetsOf } from '../support/dashboard-body.ts';
import { BEHIND, synthesized } from '../support/synthesized.ts';

const STACK = 'AuroraToPlanetScale';
const { template, idOf } = synthesized();
const widgets = widgetsOf(template);
const titled = (title: string): Widget => {
  const [widget, ...others] = widgets.filter(({ properties }) => properties.title === title);
  if (!widget || others.length > 0) throw new Error(`The dashboard has ${others.length} others of ${title}.`);
  return widget;
};

/** Lines that something writes, as JSON. */
function written<Line>(write: () => void): Line[] {
  const lines: Line[] = [];
  const take = (text: unknown) => lines.push(JSON.parse(String(text))) > 0;
  const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockImplementation(take));
  try {
    write();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines;
}

describe('the order of the dashboard', () => {
  const headings = widgets.flatMap(({ properties: { markdown } }) => (markdown?.startsWith('## ') ? [markdown.split('\n')[0]] : []));

  it('is that of the questions', () => {
    expect(headings).toEqual(['## How far?', '## How long still?', '## Is it healthy?', '## May I switch?']);
  });

  it('leaves no two widgets on one place, and none beyond the grid', () => {
    for (const [at, one] of widgets.entries()) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width, JSON.stringify(one)).toBeLessThanOrEqual(24);
      for (const other of widgets.slice(at + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart, JSON.stringify([one, other])).toBe(true);
      }
    }
  });

  it('has no gap in a row, and no empty row', () => {
    const rows = Map.groupBy(widgets, ({ y }) => y);
    let next = 0;
    for (const [y, row] of [...rows].toSorted(([one], [other]) => one - other)) {
      expect(y).toBe(next);
      expect(row.reduce((sum, { width }) => sum + width, 0)).toBe(24);
      next = y + Math.max(...row.map(({ height }) => height));
    }
  });
});

describe('the metrics of the dashboard', () => {
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
  interface Emitted {
    readonly _aws: {
      readonly CloudWatchMetrics: readonly {
        readonly Namespace: string;
        readonly Dimensions: readonly (readonly string[])[];
        readonly Metrics: readonly { readonly Name: string; readonly Unit: string; readonly StorageResolution?: number }[];
      }[];
    };
    readonly [key: string]: unknown;
  }

  const full = Object.fromEntries(Object.keys(UNITS).map((name, at) => [name, at])) as Measures;
  const emitted = written<Emitted>(() => publishMeasures(STACK, 'forward', full)).flatMap((line) =>
    line._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Metrics.flatMap(({ Name, Unit }) =>
        Dimensions.map((keys) => ({
          namespace: Namespace,
          name: Name,
          unit: Unit,
          dimensions: Object.fromEntries(keys.map((key) => [key, line[key]])),
        })),
      ),
    ),
  );
  const shown = widgets.flatMap(metricsOf);

  /** Those that the dashboard does not show, and why. */
  const LEFT_OUT: Partial<Record<MetricName, string>> = {};

  it('are all written, with this namespace, these dimensions and this unit', () => {
    expect(emitted.map(({ name }) => name).toSorted()).toEqual(Object.keys(UNITS).toSorted());
    for (const { namespace, name, dimensions, options } of shown) {
      const same = emitted.filter((one) => one.namespace === namespace && one.name === name);
      expect(same.map((one) => one.dimensions)).toEqual([dimensions]);
      if (options.unit !== undefined) expect(same.map(({ unit }) => unit)).toEqual([options.unit]);
    }
  });

  it.each(emitted)('show $name, or say why not', ({ name }) => {
    const isShown = shown.some((one) => one.name === name && one.options.visible !== false);
    expect(isShown).toBe(LEFT_OUT[name as MetricName] === undefined);
  });

  it('have a statistic, and a period of whole minutes, in which they are measured', () => {
    for (const { options } of shown) {
      expect(['Maximum', 'Minimum', 'Sum']).toContain(options.stat);
      expect((options.period ?? 300) % 60).toBe(0);
    }
  });

  it.each(widgets.flatMap((widget) => (widget.properties.metrics ? [[widget.properties.title, widget] as const] : [])))(
    'say the unit in which they are written, and share an axis with no other: %s',
    (_title, widget) => {
      const unitOf = (metric: string) => emitted.find(({ name }) => name === metric)?.unit;
      const visible = metricsOf(widget).filter(({ options }) => options.visible !== false);
      for (const { name, options } of visible) {
        const said = /\b(bytes|percent|milliseconds|seconds)\b/.exec(options.label ?? '')?.[0];
        if (said !== undefined) expect(unitOf(name)?.toLowerCase()).toBe(said);
      }
      for (const [, axis] of Map.groupBy(visible, ({ options }) => options.yAxis ?? 'left')) {
        expect(new Set(axis.map(({ name }) => unitOf(name))).size).toBe(1);
      }
    },
  );

  it('are named in expressions by ids that exist in the same widget', () => {
    const calculated = widgets.flatMap((widget) => expressionsOf(widget).map(({ expression }) => ({ widget, expression })));
    expect(calculated.length).toBeGreaterThan(0);
    for (const { widget, expression } of calculated) {
      const known = metricsOf(widget).map(({ options }) => options.id);
      // Ids begin with a lower-case letter, and functions with an upper-case one.
      const used = expression.match(/\b[a-z][A-Za-z0-9_]*/g) ?? [];
      expect(used.length).toBeGreaterThan(0);
      expect(known).toEqual(expect.arrayContaining(used));
      expect(['IF', 'RATE']).toEqual(expect.arrayContaining(expression.match(/\b[A-Z]+(?=\()/g) ?? []));
    }
  });

  it('have one meaning for each id of a widget', () => {
    for (const widget of widgets) {
      const ids = Map.groupBy(
        metricsOf(widget).filter(({ options }) => options.id !== undefined),
        ({ options }) => options.id,
      );
      for (const [, same] of ids) expect(same).toHaveLength(1);
    }
  });
});

describe('the alarms of the dashboard', () => {
  const alarmsOf = (of: readonly Widget[]) => of.flatMap(({ properties }) => properties.alarms ?? []).map((arn) => arn.slice(1, -1));

  it('are all that there are, and exist', () => {
    expect(alarmsOf(widgets)).toEqual(
      ALARM_NAMES.filter((name) => !needsEntrance(name)).map((name) => idOf(`Monitoring/${name}/Resource`)),
    );
    const behind = synthesized({ ...BEHIND, planetscaleEgress: '3.64.1.2' });
    expect(alarmsOf(widgetsOf(behind.template))).toEqual(ALARM_NAMES.map((name) => behind.idOf(`Monitoring/${name}/Resource`)));
    expect(Object.keys(behind.template.findResources('AWS::CloudWatch::Alarm'))).toEqual(
      expect.arrayContaining(alarmsOf(widgetsOf(behind.template))),
    );
  });
});

describe('the last finding on the dashboard', () => {
  const MANY = Array.from({ length: 1_000 }, (_, at) => `"Schema ""ö"""."<script>${at}"`);
  const finding = (code: string, severity: Finding['severity'], objects: readonly string[]): Finding => ({
    code,
    severity,
    objects,
    message: `What ${code} means.`,
    remedy: `What to do about ${code}.`,
    statements: objects.map((object) => `alter table ${object} replica identity full;`),
  });
  const log = () => lambdaLog('CheckCutover', { execution: 'first' }, 'request');
  const linesOf = (findings: readonly Finding[]) => written<Line>(() => logFindings(log(), findings));
  const panels = widgets.filter(({ type }) => type === 'log');
  const queries = panels.map(({ properties }) => properties.query ?? '');

  interface Line {
    readonly [key: string]: unknown;
  }

  /** Fields that CloudWatch Logs Insights finds in a line: the first 200, of lists each item. */
  function discovered(line: Line): Map<string, unknown> {
    const flat = (value: unknown, path: string): [string, unknown][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => flat(inner, path === '' ? key : `${path}.${key}`))
        : [[path, value]];
    return new Map(flat(line, '').slice(0, 200));
  }

  /** Names in a query that are fields of a line: without texts, words of the language, its own fields and those that it makes. */
  function fieldsOf(query: string): string[] {
    const commands = query
      .replaceAll(/"[^"]*"|'[^']*'/g, '')
      .split('|')
      .map((command) => command.trim())
      .filter((command) => !/^(SOURCE|limit)\b/.test(command));
    const made = new Set([...query.matchAll(/ as (\w+)/g)].map(([, name]) => name));
    const language = new Set(['fields', 'filter', 'sort', 'display', 'as', 'and', 'asc', 'desc', 'ispresent', 'concat']);
    const names = commands.join(' ').match(/@?[A-Za-z][\w.]*/g) ?? [];
    return names.filter((name) => !name.startsWith('@') && !made.has(name) && !language.has(name));
  }

  it('is asked for in the logs of the steps that write findings, which exist', () => {
    const groups = template.findResources('AWS::Logs::LogGroup');
    const expected = FINDING_STEPS.map((step) => idOf(`Migration/${step}/Logs/Resource`));
    expect(Object.keys(groups)).toEqual(expect.arrayContaining(expected));
    expect(panels).toHaveLength(2);
    for (const query of queries) {
      expect([...query.matchAll(/SOURCE '([^']*)'/g)].map(([, name]) => name)).toEqual(expected.map(placeholder));
    }
  });

  it.each(['CheckReadiness', 'CheckCutover', 'CheckRollback'] as const)('is written by %s into that very log group', (step) => {
    const name = JSON.stringify(template.toJSON().Resources[idOf(`Migration/${step}/Function/Resource`)].Properties.LoggingConfig);
    expect(name).toBe(JSON.stringify({ LogGroup: { Ref: idOf(`Migration/${step}/Logs/Resource`) } }));
  });

  it.each([
    ['few', ['shop.orders']],
    ['a thousand', MANY],
  ])('has every field that is asked for, with %s objects', (_many, objects) => {
    const [line = {}] = linesOf([finding('NoReplicaIdentity', 'blocker', objects)]);
    const fields = discovered(line);
    for (const query of queries) {
      const asked = fieldsOf(query);
      expect(asked).toEqual(expect.arrayContaining(['details.code', 'details.severity', 'details.message', 'details.remedy', 'step']));
      for (const name of asked) expect([...fields.keys()]).toContain(name);
    }
    expect(fields.get('step')).toBe('CheckCutover');
    expect(fields.get('details.message')).toBe('What NoReplicaIdentity means.');
    expect(fields.get('details.objects.0')).toBe(objects[0]);
  });

  it('is the newest one, and a blocker where there is one', () => {
    for (const query of queries) {
      expect(query.indexOf('sort @timestamp desc, details.severity asc')).toBeGreaterThan(query.indexOf('filter'));
      expect(query).toContain('\n| limit 1\n');
    }
    expect('blocker' < 'warning').toBe(true);
    const lines = linesOf([finding('First', 'blocker', []), finding('Soft', 'warning', []), finding('Second', 'blocker', [])]);
    expect(lines.map((line) => discovered(line).get('details.code'))).toEqual(['Soft', 'First', 'Second']);
  });

  it('is looked for among lines of other kinds, none of which looks like one', () => {
    const others = written<Line>(() => {
      log().info('CheckCutover is done', { verdict: 'done', evidence: evidenceOf([finding('Inside', 'warning', [])]) });
      log().warn('CheckCutover stopped', { error: 'NotReady', message: 'Why' });
      log().warn('What the server said', { code: '42P01', server: 'relation does not exist' });
    });
    expect(others).toHaveLength(3);
    for (const line of others) {
      const fields = discovered(line);
      expect(fields.has('details.code') && fields.has('details.remedy')).toBe(false);
    }
    for (const query of queries) expect(query).toContain('filter ispresent(details.code) and ispresent(details.remedy)');
  });

  it('says that it is empty where nothing was found, and stands under the health of the stream', () => {
    const text = widgets.find(({ properties }) => properties.markdown?.startsWith('### Last finding'));
    expect(text?.properties.markdown).toContain('empty where nothing was found');
    const order = [titled('Alarms'), text, ...panels, titled('Ready to cut over')].map((widget) => widget?.y ?? -1);
    expect(order).toEqual(order.toSorted((one, other) => one - other));
  });
});

describe('the links of the dashboard', () => {
  const built = (links?: Readonly<Record<string, string>>): readonly Widget[] => {
    const stack = new Stack(new App(), 'Test');
    dashboard(stack, 'Dashboard', { stack: 'Test', alarms: [], findingLogs: ['log'], ...(links && { links }) });
    return widgetsOf(Template.fromStack(stack));
  };

  it('are a list at the top, and nothing where there are none', () => {
    const [first] = built({ 'The report': 'https://example.com/report', 'The machines': 'https://example.com/machines' });
    expect(first).toMatchObject({ type: 'text', x: 0, y: 0, width: 24, height: 3 });
    expect(first?.properties.markdown).toBe('- [The report](https://example.com/report)\n- [The machines](https://example.com/machines)');
    for (const without of [built(), built({})]) expect(without[0]?.properties.markdown).toMatch(/^## How far\?/);
  });
});
