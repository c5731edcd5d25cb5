/**
 * Versions that a test runs on. `npm test` takes the oldest and the newest of those that are named, which differ most; `npm run test:versions`
 * takes them all.
 */
export function versions<const Version>(...all: readonly Version[]): readonly Version[] {
  const ends = all.length > 2 ? [all[0], all.at(-1)] : all;
  return process.env.ALL_VERSIONS ? all : ends.filter((version) => version !== undefined);
}
