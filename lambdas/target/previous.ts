/** What a visit learns from the one before. */
import type { Json } from '../config/json.ts';

/** A text of the evidence of the last visit. */
export function textIn(previous: Json | undefined, key: string): string | undefined {
  const value =
    typeof previous === 'object' && previous !== null && !Array.isArray(previous) ? (previous as Record<string, Json>)[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
