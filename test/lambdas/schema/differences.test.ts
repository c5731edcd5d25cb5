import { describe, expect, it } from 'vitest';
import type { SchemaObject } from '../../../lambdas/postgres/schema-objects.sql.ts';
import { changesBetween, differencesBetween, inWords, without } from '../../../lambdas/schema/differences.ts';

const object = (name: string, definition = '', ...partOf: string[]): SchemaObject => ({ object: name, definition, partOf });
const table = object('table shop.item', 'permanent');
const note = object('column shop.item.note', 'text', table.object);
const names = (before: SchemaObject[], now: SchemaObject[]) => differencesBetween(before, now).map((one) => one.object);

it('comparing schemas leaves out clones on partitions of partitions, and nothing else (#11)', () => {
  const key = object('constraint a.log.key', 'FOREIGN KEY', 'table a.log');
  const below = object('constraint a.log_1.key', 'FOREIGN KEY', 'table a.log_1', key.object);
  const lowest = object('constraint a.log_1_1.key', 'FOREIGN KEY', 'table a.log_1_1', below.object);
  const changes = changesBetween([lowest, below, key, note], []);
  expect(without(changes, (name) => name === key.object).map((one) => one.object)).toEqual([note.object]);
  const parts = changesBetween([lowest, below], []);
  expect(without(parts, (name) => name === key.object)).toEqual([]);
});

describe('differencesBetween', () => {
  it('finds nothing between equal schemas, in any order', () => {
    expect(differencesBetween([], [])).toEqual([]);
    expect(differencesBetween([table, note], [note, table])).toEqual([]);
  });

  it('returns the former and the present definition of an object', () => {
    const changed = object(note.object, 'integer', table.object);
    expect(differencesBetween([table, note], [table, changed])).toEqual([{ object: note.object, was: 'text', is: 'integer' }]);
    expect(differencesBetween([table], [table, note])).toEqual([{ object: note.object, was: undefined, is: 'text' }]);
    expect(differencesBetween([table, note], [table])).toEqual([{ object: note.object, was: 'text', is: undefined }]);
  });

  it('distinguishes an empty definition from none', () => {
    expect(differencesBetween([object('type a')], [])).toEqual([{ object: 'type a', was: '', is: undefined }]);
    expect(differencesBetween([], [object('type a')])).toEqual([{ object: 'type a', was: undefined, is: '' }]);
  });

  it('names a table that was added or removed, without its parts', () => {
    const key = object('constraint shop.item.key', 'PRIMARY KEY (id)', table.object);
    const index = object('index shop.key', 'CREATE …', table.object, key.object);
    expect(names([], [table, note, key, index])).toEqual([table.object]);
    expect(names([table, note, key, index], [])).toEqual([table.object]);
    expect(names([table, note], [table, note, key, index])).toEqual([key.object]);
  });

  it('names what changed in a table that changed, too', () => {
    const now = [
      object(table.object, 'unlogged'),
      object(note.object, 'integer', table.object),
      object('column shop.item.new', 'text', table.object),
    ];
    expect(names([table, note], now)).toEqual(['column shop.item.new', note.object, table.object]);
  });

  it('names a change of a parent once for all partitions that follow it, and each that does not', () => {
    const [root, one, other] = ['root', 'one', 'other'].map((name) => `column ${name}.a`) as [string, string, string];
    const before = [object(root, 'text'), object(one, 'text', root), object(other, 'text', one)];
    expect(names(before, [object(root, 'citext'), object(one, 'citext', root), object(other, 'citext', one)])).toEqual([root]);
    expect(names(before, [object(root, 'citext'), object(one, 'citext', root), object(other, 'name', one)])).toEqual([other, root]);
    expect(names(before, [])).toEqual([root]);
    expect(names(before, [object(root, 'text'), object(one, 'text', root)])).toEqual([other]);
  });
});

describe('inWords', () => {
  it('says what happened to an object', () => {
    expect(inWords({ object: 'column a.b.c', was: undefined, is: 'text' })).toBe('column a.b.c was added: text');
    expect(inWords({ object: 'column a.b.c', was: 'text', is: undefined })).toBe('column a.b.c was removed; it was: text');
    expect(inWords({ object: 'column a.b.c', was: 'text', is: 'name' })).toBe('column a.b.c was changed: it was text, and is name');
  });
});
