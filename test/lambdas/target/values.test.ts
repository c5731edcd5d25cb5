import { describe, expect, it } from 'vitest';
import { apiValueOf, bytesOf, settingOf, suffices } from '../../../lambdas/target/values.ts';

const MIB = 1024 ** 2;

describe('a size as the API writes it', () => {
  it.each([
    ['4GB', 4096],
    ['4 GB', 4096],
    ['4096MB', 4096],
    ['4096', 4096],
    [String(4096 * MIB), 4096],
    ['512kB', 0.5],
  ])('%s', (text, megabytes) => {
    expect(bytesOf(text, MIB)).toBe(megabytes * MIB);
  });

  it.each(['-1', '', 'much', '4 4'])('that is none: "%s"', (text) => {
    expect(bytesOf(text, MIB)).toBeUndefined();
  });
});

describe('a value of the API, as pg_settings has it', () => {
  it.each([
    ['megabytes', '4GB', '4096'],
    ['megabytes', '-1', '-1'],
    ['switch', 'true', 'on'],
    ['switch', 'off', 'off'],
    ['word', 'LOGICAL', 'logical'],
    ['count', ' 16 ', '16'],
    ['count', 'sixteen', undefined],
    ['switch', '', undefined],
  ] as const)('%s "%s"', (kind, value, setting) => {
    expect(settingOf(kind, value)).toBe(setting);
  });

  it.each([
    ['megabytes', '8192', { value: '4GB', defaultValue: '' }, '8192MB'],
    ['megabytes', '8192', { value: '4096', defaultValue: '' }, '8192'],
    ['megabytes', '8192', { value: String(4096 * MIB), defaultValue: '' }, String(8192 * MIB)],
    ['megabytes', '8192', { value: '', defaultValue: '' }, '8192MB'],
    ['switch', 'on', { value: '', defaultValue: 'false' }, 'true'],
    ['switch', 'on', { value: '0', defaultValue: '' }, '1'],
    ['switch', 'off', { value: 'on', defaultValue: '' }, 'off'],
    ['count', '16', { value: '4', defaultValue: '4' }, '16'],
  ] as const)('and back, in the form that is there: %s %s', (kind, setting, parameter, value) => {
    expect(apiValueOf(kind, setting, parameter)).toBe(value);
    expect(settingOf(kind, value)).toBe(setting);
  });

  it('suffices where it is as much, or without a limit', () => {
    expect(suffices('count', '16', '10')).toBe(true);
    expect(suffices('count', '9', '10')).toBe(false);
    expect(suffices('megabytes', '-1', '10')).toBe(true);
    expect(suffices('switch', 'on', 'on')).toBe(true);
    expect(suffices('word', 'replica', 'logical')).toBe(false);
    expect(suffices('count', undefined, '0')).toBe(false);
  });
});
