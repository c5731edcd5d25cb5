import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collations, locale } from '../../../../lambdas/checks/readiness/locale.ts';
import { blocker, findingsOf, ODD, summary, warning } from '../../../support/findings.ts';
import { startWorld, type World } from '../../../support/world.ts';

describe('the check of encodings, locales and collations', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.destroy());

  it('finds nothing where both sides are alike', async () => {
    await world.source('create table c (a text collate "C" primary key, b text collate "POSIX")');
    expect(await findingsOf(world, [locale, collations])).toEqual([]);
  });

  it('finds another encoding and another locale', async () => {
    await world.target("create database latin encoding 'LATIN1' template template0");
    await world.target("create database builtin locale_provider builtin builtin_locale 'C.UTF-8' template template0");
    const into = (database: string) => findingsOf(world, [locale], { target: { ...world.places.target, database } });
    expect(summary(await into('latin'))).toEqual({ EncodingDiffers: blocker('UTF8 to LATIN1') });
    expect(summary(await into('builtin'))).toEqual({ LocaleDiffers: warning('libc, C, C to built in, C.UTF-8') });
  });

  it('finds another version of the same locale', async () => {
    const aged = await world.sibling('aged');
    const pretend = (version: string) =>
      `set allow_system_table_mods = on; update pg_database set datcollversion = '${version}' where datname = 'aged'`;
    await aged.source(pretend('2.28'));
    await aged.target(pretend('2.36'));
    expect(summary(await findingsOf(aged, [locale]))).toEqual({ CollationVersionDiffers: warning('2.28 to 2.36') });
  });

  it('finds collations that the target lacks, with what uses them', async () => {
    const sorted = await world.sibling('sorted');
    await sorted.source(`
create schema ${ODD}; create schema left_out;
create collation pg_catalog."xx_YY" (lc_collate = 'C', lc_ctype = 'C');
create collation ${ODD}."my own" (lc_collate = 'C', lc_ctype = 'C');
create collation ${ODD}."un known" (lc_collate = 'C', lc_ctype = 'C');
update pg_collation set collcollate = 'tlh_QO.utf8', collctype = 'tlh_QO.utf8' where collname = 'un known';
create collation pg_catalog."not used" (lc_collate = 'C', lc_ctype = 'C');
create table ${ODD}.t (id int primary key, a text collate "xx_YY", b text collate ${ODD}."my own", c text collate ${ODD}."un known", d text);
create index "i d" on ${ODD}.t (d collate "xx_YY");
create domain ${ODD}.word as text collate "xx_YY";
create table left_out.t (a text collate "xx_YY")`);
    expect(summary(await findingsOf(sorted, [collations], { input: { excludeSchemas: ['left_out'] } }))).toEqual({
      CollationMissing: blocker(
        `${ODD}."un known": column c of table ${ODD}.t`,
        `pg_catalog."xx_YY": column a of table ${ODD}.t`,
        `pg_catalog."xx_YY": index ${ODD}."i d"`,
        `pg_catalog."xx_YY": type ${ODD}.word`,
      ),
    });
  });

  it('finds collations in another version', async () => {
    const other = await world.sibling('other');
    await other.source(`create collation pg_catalog."zz_ZZ" (lc_collate = 'C', lc_ctype = 'C');
update pg_collation set collversion = '1' where collname = 'zz_ZZ'; create table t (a text collate "zz_ZZ" primary key)`);
    await other.target(`create collation pg_catalog."zz_ZZ" (lc_collate = 'C', lc_ctype = 'C');
update pg_collation set collversion = '2' where collname = 'zz_ZZ'`);
    expect(summary(await findingsOf(other, [collations]))).toEqual({ CollationVersionDiffers: warning('pg_catalog."zz_ZZ" 1 to 2') });
  });
});
