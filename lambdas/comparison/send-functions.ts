/** Send functions whose bytes, as a client in binary format gets them, are the same on every version from 11 to 18. */

/** Send functions of the types that are compared in their binary form. */
export const SEND = {
  bool: 'boolsend',
  int2: 'int2send',
  int4: 'int4send',
  int8: 'int8send',
  numeric: 'numeric_send',
  float4: 'float4send',
  float8: 'float8send',
  text: 'textsend',
  varchar: 'varcharsend',
  bpchar: 'bpcharsend',
  bytea: 'byteasend',
  uuid: 'uuid_send',
  date: 'date_send',
  time: 'time_send',
  timetz: 'timetz_send',
  timestamp: 'timestamp_send',
  timestamptz: 'timestamptz_send',
  interval: 'interval_send',
} as const;
export type BinaryType = keyof typeof SEND;
export const isBinaryType = (name: string | null): name is BinaryType => name !== null && Object.hasOwn(SEND, name);
