/** The disk of the target's cluster. Only change requests say how large it is; a cluster that was never changed does not. */
import type { Branch, ChangeRequest } from '../ports/planetscale.ts';

export interface Disk {
  /** Bytes that it has at least. */
  readonly minimumBytes: number;
  /** Bytes up to which it grows by itself. @default - not said */
  readonly maximumBytes?: number | undefined;
}

export const isUnderWay = ({ state }: ChangeRequest): boolean => state === 'queued' || state === 'pending' || state === 'resizing';

/** As the newest change that says it has left it; undefined where none does. @param changes the newest first */
export function diskBy(changes: readonly ChangeRequest[]): Disk | undefined {
  for (const change of changes) {
    const minimumBytes = change.state === 'canceled' ? change.previousMinimumStorageBytes : change.minimumStorageBytes;
    if (minimumBytes !== undefined) return { minimumBytes, maximumBytes: change.maximumStorageBytes };
  }
  return undefined;
}

export interface StoragePlan {
  readonly from: number;
  readonly to: number;
  /** Where the disk may grow no further than this by itself, and that is less. */
  readonly maximumBytes?: number;
}

/** Share of what is wanted that may be missing: a disk cannot grow twice within hours, so it does not grow for every new row. */
const TOLERATED = 0.05;
const GIBIBYTE = 1024 ** 3;
export const gibibytes = (bytes: number): string => `${Number((bytes / GIBIBYTE).toFixed(2))} GiB`;

/** The growth that is needed, and what a person has to see to. @param notNow why nothing may grow, which cuts connections; undefined where it may */
export function storageFor(
  { isMetal }: Pick<Branch, 'isMetal'>,
  disk: Disk | undefined,
  wanted: number,
  notNow: string | undefined,
): { readonly storage: StoragePlan | undefined; readonly by: string | undefined } {
  if (isMetal)
    return { storage: undefined, by: `The disks of a Metal cluster grow only with its size: see that they have ${gibibytes(wanted)}.` };
  if (!disk) {
    return {
      storage: undefined,
      by: `How large the disk is cannot be seen yet, so it was not touched: see that it has ${gibibytes(wanted)}.`,
    };
  }
  if (disk.minimumBytes >= wanted * (1 - TOLERATED)) return { storage: undefined, by: undefined };
  if (notNow !== undefined) {
    return { storage: undefined, by: `It has ${gibibytes(disk.minimumBytes)}, and ${gibibytes(wanted)} are wanted. ${notNow}` };
  }
  return {
    storage: {
      from: disk.minimumBytes,
      to: wanted,
      ...(disk.maximumBytes !== undefined && disk.maximumBytes < wanted && { maximumBytes: wanted }),
    },
    by: undefined,
  };
}
