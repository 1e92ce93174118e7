import { Secret } from '../secret/index.js';
import { renderTemplate } from './template.js';
import type { RegistryCredentials, RegistryInput } from './types.js';

/** Docker Hub's API has another name than its images. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** By what name programs that read Docker's own file know Docker Hub. */
const AUTH_KEYS: Readonly<Record<string, string>> = { 'docker.io': 'https://index.docker.io/v1/' };

/** A registry's mirrors and CA for containerd: the text, and the file's path below the folder of registries. */
export function renderHostsToml(registry: RegistryInput): { readonly path: string; readonly text: string } {
  const trust = { skipVerify: registry.insecureSkipVerify, caPath: registry.caPath ?? '' };
  const mirrors = registry.mirrors.map((url) => ({ url, ...trust }));
  // Where there are mirrors, they are what is trusted in another way than usual.
  const own = mirrors.length === 0 ? trust : { skipVerify: false, caPath: '' };
  return {
    path: `${registry.host}/hosts.toml`,
    text: renderTemplate('hosts.toml', { server: `https://${API_HOSTS[registry.host] ?? registry.host}`, ...own, mirrors }),
  };
}

/**
 * config.toml of containerd with credentials. These tables go together with config_path, unlike those for mirrors and TLS, and are looked
 * up by the host that is really asked, so that a mirror never sees what is meant for the registry; hosts.toml has no place for them.
 */
export function withContainerdCredentials(config: string, credentials: readonly RegistryCredentials[]): string | Secret {
  if (credentials.length === 0) return config;
  const tables = credentials.map(({ host, username, password }) => ({
    host: API_HOSTS[host] ?? host,
    username,
    password: password.reveal(),
  }));
  return new Secret(`${config}${renderTemplate('containerd-credentials.toml', { credentials: tables })}`);
}

/** config.json of Docker's clients, which kubelet and others read, too. */
export function renderRegistryAuth(credentials: readonly RegistryCredentials[]): Secret {
  const auths = credentials.map(({ host, username, password }) => {
    const auth = Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64');
    return [AUTH_KEYS[host] ?? host, { auth }] as const;
  });
  return new Secret(`${JSON.stringify({ auths: Object.fromEntries(auths) }, null, 2)}\n`);
}
