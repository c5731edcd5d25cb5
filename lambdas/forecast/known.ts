/** Numbers that may not be known: one that fails says why, and keeps no other from being told. */
import { MigrationError, TargetNotKnown } from '../config/errors.ts';
import { FIGURES, type Figure, type FigureName, type Unit } from './forecast.ts';

/** What was found out, or why it was not. */
export type Known<Value> = { readonly known: true; readonly value: Value } | { readonly known: false; readonly why: string };

/** Why something is not known, as a sentence. */
export class NotKnown extends Error {}

/** Characters of a server's own message. */
const LONGEST_WORDS = 240;

export function whyNot(error: unknown): string {
  if (error instanceof NotKnown) return error.message;
  if (error instanceof TargetNotKnown) return 'The target has no login yet, so it was not asked.';
  const words = (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_WORDS);
  return `${error instanceof MigrationError ? 'It could not be asked' : 'It could not be computed'}: ${words}${words.endsWith('.') ? '' : '.'}`;
}

const OUT_OF_TIME = 'It was not answered within the time that a forecast has.';

/** Milliseconds that all looks together may take; what is not answered by then is not waited for. */
export class Patience {
  readonly #until: number;
  constructor(milliseconds: number) {
    this.#until = performance.now() + milliseconds;
  }

  /** @param least milliseconds that this look has in any case */
  async find<Value>(look: () => Promise<Value>, least = 0): Promise<Known<Value>> {
    const left = Math.max(least, this.#until - performance.now());
    // Sent all the same, it would stand before what is asked next.
    if (left <= 0) return { known: false, why: OUT_OF_TIME };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const refuse = () => reject(new NotKnown(OUT_OF_TIME));
      timer = setTimeout(refuse, left);
    });
    try {
      return { known: true, value: await Promise.race([look(), late]) };
    } catch (error) {
      return { known: false, why: whyNot(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @throws NotKnown */
export function need<Value>(known: Known<Value>): Value {
  if (!known.known) throw new NotKnown(known.why);
  return known.value;
}

/** What is computed from what is known. */
export function attempt<Value>(make: () => Value): Known<Value> {
  try {
    return { known: true, value: make() };
  } catch (error) {
    return { known: false, why: whyNot(error) };
  }
}

/** The only row of a query. @throws NotKnown */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new NotKnown('The server showed nothing when it was asked.');
  return row;
}

const DIGITS: Readonly<Record<Unit, number>> = {
  bytes: 0,
  'bytes/s': 0,
  'bytes/h': 0,
  seconds: 3,
  milliseconds: 2,
  count: 0,
  '1/s': 2,
  dollars: 2,
};

/** As it is told: to the digit that means something. @throws NotKnown where it is no number */
export function rounded(value: number, unit: Unit): number {
  if (!Number.isFinite(value)) throw new NotKnown('What it is computed from is no number.');
  return Number(value.toFixed(DIGITS[unit]));
}

export function figure(name: FigureName, make: () => { readonly value: number; readonly source: string }): Figure {
  try {
    const { value, source } = make();
    return { name, value: rounded(value, FIGURES[name]), source };
  } catch (error) {
    return { name, value: null, source: whyNot(error) };
  }
}
