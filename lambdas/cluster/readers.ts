/** Texts about reader instances after a switch away from their writer, for the check before the switch and for the evidence after it. */
import type { Json } from '../config/json.ts';

/** Code of the finding that names them. */
export const READERS_CODE = 'ReadersServeOn';

export const READERS_SERVE_ON =
  'Sessions on the reader instances of the source are not in the view of its writer, so no fence ends them: they go on being served, ' +
  'read-only, with what the source has, which is old where nothing flows back and late where something does.';

interface Reported {
  readonly evidence?: { readonly warnings?: readonly { readonly code?: unknown; readonly objects?: Json }[] };
}

/** The finding of CheckCutover about readers in the same execution, for the evidence of the switch; undefined where there is none. */
export function readersAfter(results: Readonly<Record<string, unknown>>): Json | undefined {
  const { warnings = [] } = (results.CheckCutover as Reported | undefined)?.evidence ?? {};
  const found = warnings.find(({ code }) => code === READERS_CODE);
  return found && { instances: found.objects ?? [], serve: READERS_SERVE_ON };
}
