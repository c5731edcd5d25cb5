/** Extensions of the source that the target lacks, cannot install, or has in another version; and what extensions keep to themselves. */
import { markedTables } from '../../extensions/extension-rows.sql.ts';
import { extensionTables, installedExtensions, offeredExtensions } from '../../extensions/extensions.sql.ts';
import { isExcluded, JOBS, nameOf, obstacleAt, obstacleToReading } from '../../extensions/look.ts';
import { identifier } from '../../postgres/quote.ts';
import { STAY_BEHIND } from '../../schema/aurora-extensions.ts';
import { blocker, onTarget, warning } from '../finding.ts';
import type { ReadinessCheck } from './context.ts';
import { dependentsOfExtensions } from './dependents.sql.ts';

export const extensions: ReadinessCheck = {
  name: 'extensions',
  async find({ source, target, input }) {
    const installed = await source.query(installedExtensions());
    const offered = new Map((await target.query(offeredExtensions())).map((extension) => [extension.name, extension]));
    const missing = installed.filter(({ name }) => !offered.has(name)).map(({ name }) => name);
    const users = await source.query(dependentsOfExtensions(input, missing));
    const used = new Set(users.map(({ on }) => on));
    const leftBehind = missing.filter((name) => STAY_BEHIND.includes(name) && !used.has(name));
    const lacking = missing.filter((name) => !leftBehind.includes(name));
    const closed = installed.filter(({ name }) => {
      const there = offered.get(name);
      return there && !there.installed && !there.installable;
    });
    const differing = installed.flatMap(({ name, version }) => {
      const there = offered.get(name)?.version;
      return there === undefined || there === version ? [] : [`${name} ${version} to ${there}`];
    });
    return [
      ...blocker({
        code: 'ExtensionMissing',
        objects: lacking.flatMap((name) => {
          const objects = users.filter(({ on }) => on === name).map(({ object }) => `${name}: ${object}`);
          return objects.length > 0 ? objects : [`${name}: nothing depends on it`];
        }),
        message: 'The target does not offer these extensions, listed with what depends on them.',
        remedy: 'Enable the extension in PlanetScale if it is offered there; else drop it and what depends on it from the source.',
      }),
      ...warning({
        code: 'ExtensionStaysBehind',
        objects: leftBehind,
        message: 'These extensions belong to Aurora. Nothing depends on them, so they are left behind.',
        remedy: 'Check that no function calls them by name in its body, which the catalog does not show.',
      }),
      ...blocker({
        code: 'ExtensionNotInstallable',
        objects: closed.map(({ name }) => name),
        message: 'The target offers these extensions, but the target role may not install them: they are not trusted.',
        remedy: 'Install them on the target before, by a role that may, or enable them in PlanetScale; an extension that is there is kept.',
        statements: closed.map(({ name }) => onTarget(`create extension ${identifier(name)};`)),
      }),
      ...warning({
        code: 'ExtensionVersionDiffers',
        objects: differing,
        message: 'These extensions have another version on the target.',
        remedy: "Read the extensions' notes for the versions in between.",
      }),
    ];
  },
};

export const extensionRows: ReadinessCheck = {
  name: 'tables of extensions',
  async find({ source, target, input }) {
    const all = (await source.query(markedTables())).filter((marked) => !isExcluded(marked, input));
    const carried = all.filter(({ extension }) => extension !== JOBS);
    const known = new Set(all.filter(({ extension, name }) => extension !== JOBS || name === 'job').map(nameOf));
    const offered = [...(await target.query(offeredExtensions())), ...(await target.query(installedExtensions()))].map(({ name }) => name);
    const obstacles: string[] = [];
    for (const marked of carried) {
      const obstacle =
        obstacleAt(marked) ??
        (offered.includes(marked.extension) ? undefined : 'the target does not offer the extension') ??
        (await obstacleToReading(source, marked));
      if (obstacle !== undefined) obstacles.push(`${nameOf(marked)}: ${obstacle}`);
    }
    return [
      ...warning({
        code: 'ExtensionTablesLeftOut',
        objects: (await source.query(extensionTables()))
          .filter(({ schema, name, extension }) => !known.has(nameOf({ schema, name, extension })))
          .map(({ object, extension }) => `${object} (${extension})`),
        message:
          'These tables belong to extensions, which do not mark their rows as configuration, or as the history of jobs do not need them, so they are ' +
          'neither copied nor compared. System schemas are left out likewise.',
        remedy: 'Where you have added rows of your own, add them on the target as well.',
      }),
      ...warning({
        code: 'ExtensionRowsNotCarried',
        objects: obstacles,
        message:
          'Extensions mark these tables and sequences as configuration, whose rows follow after the copy and again right before a switch, but these ' +
          'cannot.',
        remedy: 'Grant our role SELECT where that is missing; else load them yourself (pg_dump --section=data, table by table).',
      }),
    ];
  },
};
