/** The arithmetic of docs/costs.md: what it counts is what the template has, and its columns add up. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UNITS } from '../lambdas/monitoring/metrics.ts';
import { synthesized } from './support/synthesized.ts';

const rows = readFileSync(new URL('../docs/costs.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^\| .*\d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const rowOf = (name: string): string[] => rows.find(([, first]) => first === name) ?? [];
const { template } = synthesized();
const count = (type: string): number => Object.keys(template.findResources(type)).length;

describe('the costs in docs/costs.md', () => {
  it.each([
    ['idle', 2],
    ['migrating', 3],
  ] as const)('adds up: %s', (_when, column) => {
    const together = Number(rowOf('**together**')[column]?.replaceAll('*', ''));
    const parts = rows.filter(([, first]) => first !== '**together**').map((row) => Number(row[column] || 0));
    expect(together).toBeGreaterThan(1);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(together, 2);
  });

  it('counts the resources of the stack', () => {
    expect(rowOf('secrets')[4]).toBe(`${count('AWS::SecretsManager::Secret')} × 0.40`);
    expect(rowOf('alarms')[4]).toBe(`${count('AWS::CloudWatch::Alarm')} × 0.10`);
    expect(count('AWS::CloudWatch::Dashboard')).toBe(1);
    expect(rowOf('metrics')[4]).toContain(`${Object.keys(UNITS).length} × 0.30`);
  });
});
