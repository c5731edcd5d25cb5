/** The arithmetic of docs/costs.md: what it counts is what the template has, and its columns add up. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UNITS } from '../lambdas/monitoring/metrics.ts';
import { BEHIND, synthesized } from './support/synthesized.ts';

const document = readFileSync(new URL('../docs/costs.md', import.meta.url), 'utf8');
const rowsOf = (heading: string): string[][] =>
  (document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => /^\| .*\d/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
const rows = rowsOf('The stack');
const rowOf = (name: string, of = rows): string[] => of.find(([, first]) => first === name) ?? [];
const { template } = synthesized();
const count = (type: string): number => Object.keys(template.findResources(type)).length;

function demandSum(of: readonly string[][], column: number): void {
  const together = Number(rowOf('**together**', [...of])[column]?.replaceAll('*', ''));
  const parts = of.filter(([, first]) => first !== '**together**').map((row) => Number(row[column] || 0));
  expect(together).toBeGreaterThan(1);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(together, 2);
}

describe('the costs in docs/costs.md', () => {
  it.each([
    ['idle', 2],
    ['migrating', 3],
  ] as const)('adds up: %s', (_when, column) => {
    demandSum(rows, column);
  });

  it('adds up for a load balancer, and counts what comes with it', () => {
    const extra = rowsOf('A load balancer');
    demandSum(extra, 2);
    const behind = synthesized({ ...BEHIND, planetscaleEgress: '3.64.1.2' }).template;
    const more = (type: string) => Object.keys(behind.findResources(type)).length - count(type);
    expect(more('AWS::ElasticLoadBalancingV2::LoadBalancer')).toBe(1);
    expect(rowOf('its alarms', extra)[3]).toBe(`${more('AWS::CloudWatch::Alarm')} × 0.10`);
    expect(Number(rowOf('load balancer', extra)[2])).toBeCloseTo(730 * 0.0225, 2);
    expect(Number(rowOf('its addresses', extra)[2])).toBeCloseTo(2 * 730 * 0.005, 2);
    for (const type of ['AWS::SecretsManager::Secret', 'AWS::CloudWatch::Dashboard']) expect(more(type)).toBe(0);
  });

  it('counts the resources of the stack', () => {
    expect(rowOf('secrets')[4]).toBe(`${count('AWS::SecretsManager::Secret')} × 0.40`);
    expect(rowOf('alarms')[4]).toBe(`${count('AWS::CloudWatch::Alarm')} × 0.10`);
    expect(count('AWS::CloudWatch::Dashboard')).toBe(1);
    expect(rowOf('metrics')[4]).toContain(`${Object.keys(UNITS).length} × 0.30`);
  });
});
