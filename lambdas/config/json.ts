/** What JSON can carry; everything that a step returns is kept in the execution's history. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Bytes that a value takes as JSON. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
