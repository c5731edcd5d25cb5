/** What CloudWatch gets of a dashboard, read as it reads it. */
import type { Template } from 'aws-cdk-lib/assertions';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export interface Widget {
  readonly type: 'text' | 'metric' | 'alarm' | 'log';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly markdown?: string;
    readonly title?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly string[];
    readonly query?: string;
  };
}

export interface ShownMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly options: Options;
}

interface Options {
  readonly id?: string;
  readonly expression?: string;
  readonly stat?: string;
  readonly unit?: string;
  readonly period?: number;
  readonly label?: string;
  readonly visible?: boolean;
  readonly yAxis?: 'left' | 'right';
}

/** What stands in place of what only CloudFormation knows. */
export const placeholder = (logicalId: string): string => `«${logicalId}»`;

function rendered(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[intrinsic, argument] = []] = Object.entries(value ?? {});
  if (intrinsic === 'Fn::Join') return (argument as [string, unknown[]])[1].map(rendered).join('');
  if (intrinsic === 'Ref') return placeholder(String(argument));
  if (intrinsic === 'Fn::GetAtt') return placeholder(String((argument as string[])[0]));
  throw new Error(`The dashboard is made with ${intrinsic}, which no test knows.`);
}

/** Widgets of the only dashboard of a template. */
export function widgetsOf(template: Template): readonly Widget[] {
  const [dashboard, ...others] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  if (!dashboard || others.length > 0) throw new Error(`The template has ${others.length + (dashboard ? 1 : 0)} dashboards, not one.`);
  return JSON.parse(rendered(dashboard.Properties.DashboardBody)).widgets;
}

const optionsOf = (metric: readonly unknown[]): Options => {
  const last = metric.at(-1);
  return typeof last === 'object' && last !== null ? last : {};
};

/** Metrics of a widget: namespace, name and pairs of dimensions, then its options. */
export const metricsOf = ({ properties: { metrics = [] } }: Widget): ShownMetric[] =>
  metrics.flatMap((metric) => {
    const options = optionsOf(metric);
    if (options.expression !== undefined) return [];
    const [namespace = '', name = '', ...pairs] = metric.filter((part) => typeof part === 'string');
    const dimensions = Object.fromEntries(pairs.flatMap((key, at) => (at % 2 === 0 ? [[key, pairs[at + 1] ?? '']] : [])));
    return [{ namespace, name, dimensions, options }];
  });

/** Expressions of a widget. */
export const expressionsOf = ({ properties: { metrics = [] } }: Widget): (Options & { readonly expression: string })[] =>
  metrics.map(optionsOf).flatMap((options) => (options.expression === undefined ? [] : [{ ...options, expression: options.expression }]));
