/** The forecast of a migration: looks, and what follows from them. Nothing is changed anywhere. */
import { buildingIndexes, copying } from './copying.ts';
import { costs, dollars } from './costs.ts';
import { switching } from './fence.ts';
import type { Forecast } from './forecast.ts';
import { look, type Seen, type Sides } from './look.ts';
import { indexes, largest, sizes } from './sizes.ts';
import { tell } from './words.ts';
import { writes } from './writes.ts';

/** Bytes of JSON that the tables may take: the findings of CheckReadiness come after, and a state holds 256 KiB. */
const MOST_TABLE_BYTES = 32_000;

/** @throws TransientError, CannotConnect where the source cannot be reached at all */
export const foretell = async (sides: Sides): Promise<Forecast> => forecastOf(await look(sides));

export function forecastOf(seen: Seen): Forecast {
  const copy = copying(seen);
  const items = costs(seen, copy);
  const figures = [
    ...sizes(seen),
    ...writes(seen),
    ...copy.figures,
    indexes(seen),
    buildingIndexes(seen),
    ...switching(seen),
    dollars(items),
  ];
  return { figures, way: copy.way, ...largest(seen, MOST_TABLE_BYTES), costs: items, says: tell({ figures }) };
}
