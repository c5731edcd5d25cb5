/**
 * Ports in place of those that lead to a target without a login: a step begins with them, and what it does without the target works. Whatever asks
 * the target throws {@link TargetNotKnown}, and so does its address, where it is read and not where it is passed on.
 */
import { TargetNotKnown } from '../config/errors.ts';
import type { Database, Endpoint, LowLogin } from '../ports/database.ts';
import type { CopySession, ExportedSlot, PartCopy } from '../ports/part-copy.ts';

/** @param secret name or ARN of the target secret, for the message */
export function unknownTarget(secret: string): { readonly database: Database; readonly lowLogin: LowLogin; readonly partCopy: PartCopy } {
  const unknown = (): never => {
    throw new TargetNotKnown(secret);
  };
  const refuse = async (): Promise<never> => unknown();
  const endpoint: Endpoint = {
    get host() {
      return unknown();
    },
    get port() {
      return unknown();
    },
    get database() {
      return unknown();
    },
    get user() {
      return unknown();
    },
  };
  return {
    database: { endpoint, version: refuse, query: refuse, snapshot: refuse, transaction: refuse, session: refuse },
    lowLogin: { open: refuse },
    partCopy: {
      get role() {
        return unknown();
      },
      password: refuse,
      works: refuse,
      createSlot: (): Promise<ExportedSlot> => refuse(),
      openSource: (): Promise<CopySession> => refuse(),
      openTarget: (): Promise<CopySession> => refuse(),
      pass: refuse,
      passSeveral: refuse,
    },
  };
}
