/**
 * Objects that the target will refuse, all at once: CopySchema does not copy those that hold no rows and that no table needs; those that a
 * table needs have to be settled beforehand. Whether a target is as strict as plain PostgreSQL shows only when CopySchema tries.
 */
import { rightsOn } from '../../postgres/rights.ts';
import { blocker, type Finding, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import {
  dictionariesWithFiles,
  lesserFunctions,
  refusedObjects,
  securityLabels,
  tablespaced,
  targetLimits,
} from './refused-objects.sql.ts';

export const leftBehind: ReadinessCheck = {
  name: 'objects that the target may refuse',
  async find({ source, target, input }) {
    const [limits] = await target.query(targetLimits());
    if (!limits) throw new Error('the target does not show its settings');
    const { superuser } = await rightsOn(target);
    const refused = superuser ? [] : await source.query(refusedObjects(input, limits));
    const lesser = superuser ? [] : await source.query(lesserFunctions(input, limits));
    const staying = refused.filter(({ needed }) => !needed);
    const described = ({ object, why }: (typeof refused)[number]): string => `${object} (${why})`;
    const findings: Finding[] = [
      ...blocker({
        code: 'NeedsWhatIsLeftBehind',
        objects: refused.filter(({ needed }) => needed).map(({ object, why }) => `${object} needs ${why}`),
        message:
          'Tables need objects that only a superuser may make, so the target would refuse the tables, or the part of them that is named here.',
        remedy:
          'Do without on the source: another type for the column, a function in SQL or PL/pgSQL in place of the one that is named, an index ' +
          'without the operator class. Or exclude the tables.',
      }),
      ...warning({
        code: 'LeftBehind',
        objects: staying.map(described),
        message:
          'Only a superuser may make these, so CopySchema leaves them behind, with what is made of them, if the target refuses them. Where ' +
          'a table needs one, NeedsWhatIsLeftBehind names it. After CopySchema its evidence (leftBehind) says what was left.',
        remedy:
          'Where the application needs one, make it on the target after CopySchema in a form that is allowed there, or ask PlanetScale. ' +
          'Nothing has to be dropped on the source.',
      }),
      ...warning({
        code: 'MadeInLesserForm',
        objects: lesser.map(({ object, without }) => `${object} without ${without}`),
        message: 'Only a superuser may ask for this of a function. The functions are made without it, and give the same answers.',
        remedy:
          'Without LEAKPROOF conditions that call them are evaluated after the row security of a table, which may take longer; without SUPPORT ' +
          'the planner knows less of them; without the settings they log and count as everything else does.',
      }),
      ...warning({
        code: 'DictionaryFile',
        objects: (await source.query(dictionariesWithFiles(input))).map(({ object, options }) => `${object} (${options})`),
        message:
          'These dictionaries read files, which have to be on the disk of the target under the same names. Where one is missing the dictionary ' +
          'stays behind, with the text search configurations that use it; if an index or a generated column uses those, CopySchema refuses.',
        remedy: 'Ask whether the target has the files. The stop words of the server itself, such as english, are there.',
      }),
      ...warning({
        code: 'SecurityLabel',
        objects: (await source.query(securityLabels())).map(({ object }) => object),
        message: 'Security labels are not copied: the module that gives them a meaning is not on the target.',
        remedy: 'Where labels rule who sees what, as those of anon do, set that up on the target before the application is switched.',
      }),
      ...warning({
        code: 'Tablespace',
        objects: (await source.query(tablespaced(input))).map(({ object }) => object),
        message: 'Tablespaces are not copied: on the target everything lies in its default tablespace.',
        remedy: 'Nothing, as long as the target has the room.',
      }),
    ];
    return findings;
  },
};
