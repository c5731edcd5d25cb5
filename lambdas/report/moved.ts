/** What was copied, compared and built, from the evidence of the steps that did it. */
import type { SideName } from '../config/side-name.ts';
import type { StepName } from '../engine/machines.ts';
import { type Fields, fieldsOf, fieldsOfLast, lastOf, listIn, numberIn, secondsOf, textsIn } from './evidence.ts';
import type { ExecutionHistory, MigrationHistory, TableHistory } from './history.ts';
import type { ComparisonReport, MigrationReport, SwitchReport } from './model.ts';

type Executions = readonly ExecutionHistory[];

/** The steps of the copy by each way, from the first row to the last. */
const COPYING = { parts: ['SeedCopy', 'FinishParts'], stream: ['CreateSubscription', 'AwaitCopy'] } as const satisfies Readonly<
  Record<string, readonly StepName[]>
>;

/** Of a copy that is not over, what is there by now. */
export function copyOf({ executions, series }: MigrationHistory): MigrationReport['copy'] {
  const [seed, finished, awaited] = (['SeedCopy', 'FinishParts', 'AwaitCopy'] as const).map((step) => fieldsOfLast(executions, step));
  const said = fieldsOf(fieldsOfLast(executions, 'CopySchema')?.copy).way ?? seed?.way;
  const way = said === 'parts' || said === 'stream' ? said : null;
  const isOver = numberIn(awaited?.tables) !== null && awaited?.ready === awaited?.tables;
  const copied = isOver
    ? (numberIn(comparisonOf(executions)?.bytes) ?? numberIn(awaited?.bytesTotal))
    : numberIn((awaited ?? finished)?.bytesDone);
  return {
    way,
    parts: Math.max(0, ...[seed, finished].map((fields) => numberIn(fields?.parts) ?? 0)),
    bytes: copied,
    seconds: isOver ? secondsOf(executions, COPYING[way ?? 'stream']) : null,
    copied: series.CopyBytes ?? [],
    total: series.CopyBytesTotal ?? [],
  };
}

const KINDS: Readonly<Record<string, string>> = { missing: 'missing on the target', extra: 'only on the target', changed: 'different' };

function differenceOf({ schema, table, reason, rows }: Fields): ComparisonReport['different'][number] {
  const found = listIn(rows).map(({ key, kind }) => `${key} ${KINDS[String(kind)] ?? kind}`);
  return { schema: String(schema), table: String(table), says: [...(typeof reason === 'string' ? [reason] : []), ...found].join('; ') };
}

/** The last comparison that came to its end. */
export function comparisonOf(executions: Executions): ComparisonReport | null {
  const found = lastOf(
    executions.filter(({ evidence }) => fieldsOf(evidence.CompareData).finished === true),
    'CompareData',
  );
  if (!found) return null;
  const { fields, execution } = found;
  return {
    at: execution.states.find(({ name }) => name === 'CompareData')?.endedAt ?? execution.endedAt,
    tables: numberIn(fields.tables) ?? 0,
    rows: numberIn(fields.rows) ?? 0,
    bytes: numberIn(fields.bytes) ?? 0,
    different: listIn(fields.different).map(differenceOf),
    moreDifferent: numberIn(fields.moreDifferent) ?? 0,
  };
}

const keyOf = ({ schema, table }: { readonly schema: unknown; readonly table: unknown }): string => JSON.stringify([schema, table]);
const sizeOf = ({ bytes }: TableHistory): number => bytes ?? -1;

/** All tables where the history has them; otherwise those that the forecast and the comparison name, which are the largest. */
export function tablesOf({ executions, tables }: MigrationHistory): Pick<MigrationReport, 'tables' | 'moreTables'> {
  const compared = fieldsOfLast(executions, 'CompareData');
  const known = new Map<string, TableHistory>();
  for (const { schema, table, bytes, toastBytes, rows } of listIn(fieldsOfLast(executions, 'Forecast')?.largest)) {
    const [name, sizes] = [
      { schema: String(schema), table: String(table) },
      { bytes: numberIn(bytes), toastBytes: numberIn(toastBytes) },
    ];
    known.set(keyOf(name), { ...name, ...sizes, rows: numberIn(rows), compared: 'not compared' });
  }
  for (const { schema, table, bytes, rows } of listIn(compared?.largest)) {
    const name = { schema: String(schema), table: String(table) };
    const before = known.get(keyOf(name));
    const sizes = { bytes: numberIn(bytes), toastBytes: before?.toastBytes ?? null };
    known.set(keyOf(name), { ...name, ...sizes, rows: numberIn(rows), compared: 'equal' });
  }
  for (const table of tables ?? []) known.set(keyOf(table), { ...known.get(keyOf(table)), ...definedOnly(table) });
  for (const { schema, table } of listIn(compared?.different)) {
    const name = { schema: String(schema), table: String(table) };
    const before = known.get(keyOf(name)) ?? { ...name, bytes: null, toastBytes: null, rows: null };
    known.set(keyOf(name), { ...before, compared: 'different' });
  }
  const all = [...known.values()].sort((one, other) => sizeOf(other) - sizeOf(one));
  const count = Math.max(tables?.length ?? 0, comparisonOf(executions)?.tables ?? 0);
  return { tables: all, moreTables: Math.max(0, count - all.length) };
}

/** Values that are null do not hide what is known already. */
const definedOnly = (table: TableHistory): TableHistory =>
  Object.fromEntries(Object.entries(table).filter(([, value]) => value !== null)) as unknown as TableHistory;

export function sequencesOf(executions: Executions): MigrationReport['sequences'] {
  const fields = fieldsOfLast(executions, 'SyncSequences');
  if (!fields) return null;
  const { behind, atTheirBound, cycling, differing } = fields;
  return {
    count: numberIn(fields.sequences) ?? 0,
    ...{ behind: textsIn(behind), atTheirBound: textsIn(atTheirBound), cycling: textsIn(cycling), differing: textsIn(differing) },
  };
}

/** Keys and indexes: of both steps that build them. */
export function indexesOf(executions: Executions): Pick<MigrationReport, 'indexes' | 'indexFailures'> {
  const steps: Fields[] = (['BuildKeys', 'BuildIndexes'] as const).map((step) => fieldsOfLast(executions, step) ?? {});
  const kinds = new Map<string, { done: number; of: number }>();
  for (const [kind, states] of steps.flatMap(({ kinds: said }) => Object.entries(fieldsOf(said)))) {
    const counts = Object.entries(fieldsOf(states)).map(([state, count]) => ({ state, count: numberIn(count) ?? 0 }));
    const of = counts.reduce((sum, { count }) => sum + count, 0);
    const done = counts.find(({ state }) => state === 'done')?.count ?? 0;
    // BuildIndexes looks at all of them, the keys included.
    if (of >= (kinds.get(kind)?.of ?? 0)) kinds.set(kind, { done, of });
  }
  const failures = steps.flatMap(({ failures: said }) => listIn(said)).map((failure) => Object.values(failure).map(String).join(': '));
  return { indexes: [...kinds].map(([kind, counts]) => ({ kind, ...counts })), indexFailures: [...new Set(failures)] };
}

export function accessOf(executions: Executions): MigrationReport['access'] {
  const fields = fieldsOfLast(executions, 'CopySchema');
  if (!fields?.copiedAt) return null;
  const { carried, made } = fieldsOf(fields.roles);
  return { carried: fields.roles !== 'flattened', roles: numberIn(carried) ?? 0, made: numberIn(made) ?? 0 };
}

const SWITCHES: readonly (readonly [step: StepName, from: SideName, to: SideName])[] = [
  ['SwitchOver', 'source', 'target'],
  ['SwitchBack', 'target', 'source'],
];

/** Every switch that was committed, oldest first. */
export function switchesOf({ executions, writers }: MigrationHistory): SwitchReport[] {
  return executions.flatMap(({ machine, execution, evidence }) =>
    SWITCHES.flatMap(([step, from, to]) => {
      const fields = fieldsOf(evidence[step]);
      if (typeof fields.committedAt !== 'string') return [];
      const trips = fieldsOf(fields.roundTrips);
      const [source, target, inSequence] = ['source', 'target', 'inSequence'].map((key) => numberIn(trips[key]));
      return {
        ...{ machine, execution, from, to, at: fields.committedAt },
        parts: listIn(fields.parts).flatMap(({ name, ms }) => (typeof name === 'string' && typeof ms === 'number' ? [{ name, ms }] : [])),
        fencedMs: numberIn(fields.downtimeMs),
        writersPauseMs: writers.find((view) => view.execution === execution)?.pauseMs ?? null,
        roundTrips: source != null && target != null && inSequence != null ? { source, target, inSequence } : null,
      };
    }),
  );
}
