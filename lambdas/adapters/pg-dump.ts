/** The port `schemaDump`: pg_dump as WebAssembly. */
import type { SchemaDump } from '../contract.ts';
import type { ConnectionSettings } from './connection-settings.ts';

export function pgDump(_settings: ConnectionSettings, _step: string): SchemaDump {
  return {
    async dump() {
      throw new Error('not built yet');
    },
  };
}
