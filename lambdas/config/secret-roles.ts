/**
 * The role of each secret. One secret in two roles is refused: it holds one login, which is right for one of them only, and
 * a switch writes into the application's. Settings spell a secret in several ways, so all spellings are compared.
 */

export type SecretRole =
  | 'source'
  | 'target'
  | 'replication'
  | 'application'
  | 'applicationTarget'
  | 'applicationLogin'
  | 'planetscaleToken';

/** Names for messages: the settings, and the secrets that the stack makes. */
const NAMES: Readonly<Record<SecretRole, string>> = {
  source: '"sourceSecretArn"',
  target: '"targetSecretArn"',
  replication: "the stack's secret of the replication role",
  application: '"applicationSecretArn"',
  applicationTarget: '"applicationTargetSecretArn"',
  applicationLogin: "the stack's secret of the application's login",
  planetscaleToken: '"planetscaleTokenSecretArn"',
};

/** The application may log in to the target as we do, which is the default. */
const mayShare = (one: SecretRole, other: SecretRole): boolean => [one, other].every((role) => /^(t|applicationT)arget$/.test(role));

/** Every spelling that is known of the secret in each role: an ARN, an ARN without its six random characters, a name. */
export type Spellings = Readonly<Partial<Record<SecretRole, readonly string[]>>>;

/** `arn:…:secret:` and the name; the first is empty where the spelling is the name alone. */
const partsOf = (spelling: string): [home: string, name: string] => {
  const [, home = '', name = ''] = /^(arn:.*:secret:)?(.*)$/s.exec(spelling) ?? [];
  return [home, name];
};
const isWithSuffix = (whole: string, name: string): boolean =>
  whole.startsWith(`${name}-`) && /^[A-Za-z0-9]{6}$/.test(whole.slice(name.length + 1));

/** Whether both may mean the same secret. Two secrets of which this is true by chance do not occur: one would bear the other's random characters in its name. */
export function mayBeSame(one: string, other: string): boolean {
  const [[here, a], [there, b]] = [partsOf(one), partsOf(other)];
  if (here !== '' && there !== '' && here !== there) return false;
  return a === b || isWithSuffix(a, b) || isWithSuffix(b, a);
}

/** Every pair of roles that one secret stands in, in a sentence each that names both settings and the ARN. */
export function doubleRoles(known: Spellings): string[] {
  const roles = (Object.keys(NAMES) as SecretRole[]).filter((role) => known[role] !== undefined);
  return roles.flatMap((one, index) =>
    roles.slice(index + 1).flatMap((other) => {
      const shared = mayShare(one, other) ? undefined : sharedBy(known[one] ?? [], known[other] ?? []);
      return shared === undefined ? [] : [sentence(one, other, shared)];
    }),
  );
}

const sharedBy = (ones: readonly string[], others: readonly string[]): string | undefined =>
  ones.find((one) => others.some((other) => mayBeSame(one, other)));

function sentence(one: SecretRole, other: SecretRole, shared: string): string {
  const written = [one, other].includes('application') ? ', and a switch would write over it' : '';
  return `${NAMES[one]} and ${NAMES[other]} name one secret, ${shared}: it holds one login, which is right for one of them only${written}. Give each a secret of its own.`;
}
