import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import SSHConfig, { glob } from 'ssh-config';

/** Deepest nesting of Include, as in OpenSSH. */
const MOST_INCLUDES = 16;

/** What `~/.ssh/config` says of a host; undefined where it says nothing. Source: ssh_config(5). */
export interface ConfiguredHost {
  readonly hostName: string | undefined;
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  readonly identityAgent: string | undefined;
  readonly proxyJump: string | undefined;
  readonly userKnownHostsFiles: readonly string[] | undefined;
}

/** Text of an OpenSSH client configuration with everything it includes; empty when there is none. */
export async function readConfigText(file: string, homeDirectory: string, depth = 0): Promise<string> {
  const text = await readIfThere(file);
  const lines: string[] = [];
  let section = 'Host *';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(host|match)[\s=]/i.test(line)) section = line;
    const patterns = /^\s*include[\s=]\s*(.+)$/i.exec(line)?.[1];
    if (patterns === undefined || depth === MOST_INCLUDES) lines.push(line);
    // What follows an included file belongs to the section the Include stands in.
    else lines.push(await readIncluded(patterns, homeDirectory, depth + 1), section);
  }
  return lines.join('\n');
}

async function readIncluded(patterns: string, homeDirectory: string, depth: number): Promise<string> {
  const files: string[] = [];
  for (const [, quoted, bare] of patterns.matchAll(/"([^"]*)"|(\S+)/g)) {
    const path = (quoted ?? bare ?? '').replace(/^~(?=\/)/, homeDirectory);
    files.push(...(await expandPattern(isAbsolute(path) ? path : join(homeDirectory, '.ssh', path))));
  }
  const texts = await Promise.all(files.map((file) => readConfigText(file, homeDirectory, depth)));
  return texts.join('\n');
}

async function expandPattern(pattern: string): Promise<readonly string[]> {
  if (!/[*?]/.test(basename(pattern))) return [pattern];
  const names = await readdir(dirname(pattern)).catch((error: unknown) => emptyIfAbsent(error, []));
  const found = names.filter((name) => !name.startsWith('.') && glob(basename(pattern), name));
  return found.sort().map((name) => join(dirname(pattern), name));
}

async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => emptyIfAbsent(error, ''));
}

/** The value for a file that does not exist; any other error goes on. */
export function emptyIfAbsent<T>(error: unknown, empty: T): T {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return empty;
  throw error;
}

/** Looks a host up in a configuration. `Match exec` never matches: kbs starts no programs because of a configuration. */
export function lookUpHost(configText: string, name: string): ConfiguredHost {
  const found = SSHConfig.parse(configText).compute(name, { ignoreCase: true, matchExec: false });
  const all = (key: string): readonly string[] => [found[key] ?? []].flat();
  const one = (key: string): string | undefined => all(key)[0];
  const port = one('port');
  const knownHosts = all('userknownhostsfile').flatMap((value) => value.split(/\s+/));
  return {
    hostName: one('hostname')?.replaceAll('%h', name),
    user: one('user'),
    port: port === undefined ? undefined : Number(port),
    identityFiles: all('identityfile'),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    identityAgent: one('identityagent'),
    proxyJump: one('proxyjump'),
    userKnownHostsFiles: knownHosts.length === 0 ? undefined : knownHosts,
  };
}
