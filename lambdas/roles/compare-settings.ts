/** Settings that stand with the database and the roles of both sides. Their values are compared and never told: they may be secrets. Pure. */
import type { SideName } from '../config/side-name.ts';
import { type AccessDifference, roleInWords } from './access-difference.ts';
import { type Compared, rolesOnBoth, wasThere } from './compare-catalogs.ts';
import { dropSetting, type KeptSetting } from './settings.sql.ts';
import { mappedSettings } from './settings.ts';
import { settingOf } from './words.ts';

/** What a shut gate sets; see `state/gates.ts`. */
const FENCE = 'default_transaction_read_only';

const key = ({ role, here, name }: KeptSetting): string => JSON.stringify([role, here, name]);

/** @param workers names of settings that ours may have in the database for our own workers' sake; see `state/worker-pins.sql.ts` */
export function compareSettings(
  compared: Compared,
  settings: Readonly<Record<SideName, readonly KeptSetting[]>>,
  workers: readonly string[],
): AccessDifference[] {
  const { map, isShut, databases } = compared;
  const roles = new Set(rolesOnBoth(compared));
  const isOfWorkers = ({ role, here, name }: KeptSetting): boolean => role === map.ours && here && workers.includes(name);
  const counts = (one: KeptSetting): boolean =>
    (one.role === null || one.role === map.ours || roles.has(one.role)) &&
    !(isShut && one.role === null && one.name === FENCE) &&
    !isOfWorkers(one);
  const here = new Map(
    mappedSettings(settings.source, map)
      .filter(counts)
      .map((one) => [key(one), one]),
  );
  const there = new Map(settings.target.filter(counts).map((one) => [key(one), one]));
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((one): AccessDifference[] => {
    const [wanted, is] = [here.get(one), there.get(one)];
    const setting = wanted ?? is;
    if (!setting || wanted?.value === is?.value || (!wanted && setting.role === map.ours)) return [];
    const subject = settingOf(setting.role, setting.here, setting.name);
    return [
      {
        subject,
        role: setting.role === null ? undefined : roleInWords(setting.role),
        onSource: wanted ? 'set' : 'not set',
        onTarget: !is ? 'not set' : wanted ? 'set to another value' : 'set',
        direction: wanted ? 'missing' : 'more',
        ofTarget: !wanted && (setting.role === null || wasThere(compared, setting.role)),
        recordedAs: subject,
        mend: wanted
          ? is
            ? {}
            : { source: `${dropSetting(setting, databases.source)};` }
          : { target: `${dropSetting(setting, databases.target)};` },
      },
    ];
  });
}
