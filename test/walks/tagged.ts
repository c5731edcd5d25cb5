/**
 * Which of our functions made a statement, and of what: how a server that exists in memory only understands it. A test mocks each of
 * the files `.sql.ts` with {@link tagged}, so that what runs is our own code, down to the statements that it sends.
 */
import type { Statement } from '../../lambdas/ports/database.ts';

/** The function of a `.sql.ts` that made a statement, and what it was given. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

const CALLS = Symbol.for('the calls that made statements');
const known = globalThis as unknown as Record<typeof CALLS, WeakMap<object, Call> | undefined>;
const calls = (): WeakMap<object, Call> => {
  known[CALLS] ??= new WeakMap();
  return known[CALLS];
};

export const callOf = (statement: Statement<unknown>): Call | undefined => calls().get(statement);

/** A module of statements, each of which is remembered. Of several that belong together the first one stands for all. */
export function tagged<Module extends object>(module: Module): Module {
  const wrapped = Object.entries(module).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    const made = (...args: unknown[]): unknown => {
      const result: unknown = value(...args);
      const [first, ...others] = Array.isArray(result) ? result : [result];
      if (isStatement(first)) calls().set(first, { name, args });
      for (const other of others) if (isStatement(other)) calls().set(other, { name: `rest of ${name}`, args });
      return result;
    };
    return [name, made];
  });
  return Object.fromEntries(wrapped);
}

const isStatement = (value: unknown): value is Statement<unknown> => typeof value === 'object' && value !== null && 'text' in value;
