/** Lists in messages and evidence, which have to fit into an execution's history. */

/** The first of them, and how many more there are. */
export const atMost = (most: number, texts: readonly string[]): string[] =>
  texts.length > most ? [...texts.slice(0, most), `and ${texts.length - most} more`] : [...texts];
