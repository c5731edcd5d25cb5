/** What becomes of each schema beside this file, at the least: each stands for a kind that real databases have. */

export interface Expectation {
  /** Name of the file, without its ending. */
  readonly name: string;
  /** `untold`: it is not loaded, and the rehearsal says why. */
  readonly ends: 'moved' | 'refused' | 'untold';
  /** In what was refused. */
  readonly says?: RegExp;
  /** Words of a warning, in its code, its objects or its message. */
  readonly warns?: RegExp;
  /** @default - 15 */
  readonly source?: 11 | 13 | 15;
  /** Whether `npm test` rehearses it, rather than `npm run test:cases` alone. */
  readonly always?: true;
}

export const EXPECTATIONS: readonly Expectation[] = [
  { name: 'column-named-like-a-function', ends: 'moved' },
  { name: 'parameter-named-like-a-word', ends: 'moved' },
  { name: 'database-prints-otherwise', ends: 'moved' },
  { name: 'check-leans-on-a-path', ends: 'moved', warns: /set search_path/ },
  { name: 'check-broken-by-old-rows', ends: 'refused', says: /reading[\s\S]*fits/ },
  { name: 'not-valid-constraints', ends: 'moved' },
  { name: 'hash-by-enum', ends: 'refused', says: /shirt/ },
  { name: 'names-an-index', ends: 'moved', warns: /maintenance/ },
  { name: 'half-an-index', ends: 'moved', warns: /metric_day/ },
  { name: 'unlogged-below', ends: 'moved', warns: /task_claim/ },
  { name: 'rights-taken-away', ends: 'moved', warns: /raise_wages/ },
  { name: 'settings-of-the-database', ends: 'moved', warns: /statement_timeout/ },
  { name: 'superuser-only', ends: 'moved', warns: /seen/ },
  { name: 'inherited-without-a-key', ends: 'refused', says: /animal/ },
  { name: 'transaction-ids', ends: 'moved', warns: /queue/ },
  { name: 'many-tables', ends: 'moved' },
  { name: 'untrusted-extension', ends: 'moved', always: true },
  { name: 'policy-for-missing-roles', ends: 'moved', source: 13, always: true },
  { name: 'in-over-varchar', ends: 'moved' },
  { name: 'money-of-another-locale', ends: 'untold', says: /locale xx_XX\.UTF-8/ },
  { name: 'holds-nothing', ends: 'untold', says: /holds no table/, always: true },
];
