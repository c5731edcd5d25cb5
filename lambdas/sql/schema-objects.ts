/** The user's schema as the catalog tells of it: one row an object, in words that can be compared and shown. */

/** Something that a schema is made of. */
export interface SchemaObject {
  /** Kind and qualified name, such as `column shop.customer.note`; unique within a side. */
  readonly object: string;
  readonly definition: string;
  /** Objects with which this one comes and goes, or changes alike: its table, the same column of the parent. */
  readonly partOf: readonly string[];
}
