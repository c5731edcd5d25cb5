/** Lists in messages and evidence, which have to fit into an execution's history. */

/** A list that was cut already, with how many more there are, if any. */
export const withMore = (shown: readonly string[], more: number): string[] => (more > 0 ? [...shown, `and ${more} more`] : [...shown]);

/** The first of them, and how many more there are. */
export const atMost = (most: number, texts: readonly string[]): string[] => withMore(texts.slice(0, most), texts.length - most);
