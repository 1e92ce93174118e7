import { readFile } from 'node:fs/promises';
import type { ClusterSpec } from '../config/index.js';
import { KbsError, messageOf } from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import type { RegistryCredentialsSource } from '../phases/index.js';
import type { RegistryCredentials } from '../render/index.js';
import { Secret } from '../secret/index.js';

type Registry = ClusterSpec['containerRuntime']['registries'][number];
type Wanted = NonNullable<Registry['credentials']>;

function invalid(host: string, what: string, remedy: readonly string[], cause?: unknown): KbsError {
  return new KbsError('CONFIG_INVALID', `the password for registry ${host} ${what}`, { remedy, cause });
}

async function readPassword(host: string, { passwordFile, passwordEnv }: Wanted): Promise<string> {
  if (passwordFile === undefined) {
    const name = passwordEnv ?? '';
    const value = process.env[name];
    if (value !== undefined) return value;
    throw invalid(host, `is to come from the environment variable ${name}, which is not set`, [`read -rs ${name} && export ${name}`]);
  }
  try {
    // An editor ends the last line, and no password does.
    return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    const reason = messageOf(cause);
    throw invalid(host, `cannot be read: ${reason}`, [`ls -l ${passwordFile}`], cause);
  }
}

async function readCredentials({ host, credentials }: Registry): Promise<readonly RegistryCredentials[]> {
  if (credentials === undefined) return [];
  const password = await readPassword(host, credentials);
  const source = credentials.passwordFile ?? `environment variable ${credentials.passwordEnv ?? ''}`;
  if (password === '') throw invalid(host, `is empty: ${source}`, []);
  if (/\p{Cc}/u.test(password)) throw invalid(host, `has more than one line, or a control character: ${source}`, []);
  return [{ host, username: credentials.username, password: new Secret(password) }];
}

/** Reads the passwords of registries when they are first asked for, and lets no event show them. */
export function createRegistryCredentialsSource(
  { containerRuntime }: Pick<ClusterSpec, 'containerRuntime'>,
  bus: Pick<EventBus, 'hide'>,
): RegistryCredentialsSource {
  let credentials: Promise<readonly RegistryCredentials[]> | undefined;
  const read = async (): Promise<readonly RegistryCredentials[]> => {
    const found = (await Promise.all(containerRuntime.registries.map(readCredentials))).flat();
    for (const { username, password } of found) {
      bus.hide(password);
      // As it stands in files of Docker's format.
      bus.hide(new Secret(Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')));
    }
    return found;
  };
  return () => (credentials ??= read());
}
