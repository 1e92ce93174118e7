import type { FileStat } from './host.js';

/** Bits of st_mode. Source: inode(7). */
const FORMAT_MASK = 0o170000;
const FORMATS: Readonly<Record<number, FileStat['type']>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

/** Reads `stat -c '%.3Z %f %s %U %G %n'`: lines of the paths that exist, in the order they were asked for. */
export function parseStats(paths: readonly string[], output: string): ReadonlyMap<string, FileStat | undefined> {
  const stats = new Map<string, FileStat | undefined>(paths.map((path) => [path, undefined]));
  for (const line of output.split('\n')) {
    const [, ctime, rawMode, size, owner = '', group = '', path = ''] = /^(\d+\.\d+) ([0-9a-f]+) (\d+) (\S+) (\S+) (.+)$/.exec(line) ?? [];
    if (ctime === undefined) continue;
    const bits = Number.parseInt(rawMode ?? '', 16);
    stats.set(path, {
      type: FORMATS[bits & FORMAT_MASK] ?? 'other',
      mode: bits & 0o7777,
      owner,
      group,
      sizeBytes: Number(size),
      ctimeMs: Math.round(Number(ctime) * 1000),
    });
  }
  return stats;
}

/** Reads what sha256sum prints; a name with a backslash or newline has them escaped and a backslash before the digest. */
export function parseDigests(paths: readonly string[], output: string): ReadonlyMap<string, string | undefined> {
  const digests = new Map<string, string | undefined>(paths.map((path) => [path, undefined]));
  for (const line of output.split('\n')) {
    const [, escaped, digest, name] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const path = escaped === '' ? name : name.replaceAll(/\\([\\nr])/g, (_, c: string) => ({ n: '\n', r: '\r' })[c] ?? c);
    digests.set(path, digest);
  }
  return digests;
}

/** What stat or sha256sum complained of besides paths that do not exist (any more). */
export function unexpectedComplaints(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith(': No such file or directory') && !line.endsWith(': Not a directory'));
}
