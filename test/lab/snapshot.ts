import { LabError } from './lab-error.js';
import type { Lab, LabHost } from './lab.js';
import { SNAPSHOT_SCRIPT } from './snapshot-script.js';

/** A host's state at one moment: per section, what is there by its name. */
export type Snapshot = Readonly<Record<string, ReadonlyMap<string, string>>>;

/** What a snapshot leaves out besides the documented list (`IGNORED_PATHS`). */
export interface SnapshotOptions {
  /** Absolute paths; a directory stands for all below it. */
  readonly ignorePaths?: readonly string[];
}

/**
 * All of a host that has to be equal before and after: files with modes and digests, units, processes, sockets, sysctls, links,
 * addresses, routes, packet filter rules, mounts, control groups, users, packages, modules, swap. Taken without ssh and without a
 * login session; an idle host yields the same again.
 */
export async function snapshotHost(lab: Lab, host: string | LabHost, options: SnapshotOptions = {}): Promise<Snapshot> {
  const result = await lab.exec(host, ['sh', '-c', SNAPSHOT_SCRIPT, 'snapshot', (options.ignorePaths ?? []).join('\n')]);
  if (result.exitCode !== 0 || !result.stdout.endsWith('@@ end\n')) {
    throw new LabError(`no snapshot of ${typeof host === 'string' ? host : host.name}: ${result.stderr.trim()}`);
  }
  return parseSnapshot(result.stdout);
}

/** Parses what the snapshot script prints. Equal lines of one section are counted. */
export function parseSnapshot(text: string): Snapshot {
  const sections: Record<string, Map<string, string>> = {};
  let current = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('@@ ')) {
      current = new Map();
      sections[line.slice(3)] = current;
      continue;
    }
    if (line.trim() === '') continue;
    const tab = line.indexOf('\t');
    const name = tidy(tab < 0 ? line : line.slice(0, tab));
    let key = name;
    for (let again = 2; current.has(key); again += 1) key = `${name} (${again})`;
    current.set(key, tab < 0 ? '' : tidy(line.slice(tab + 1)));
  }
  return sections;
}

function tidy(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

/** What differs between two snapshots, one line each: `section: - name`, `section: + name` or `section: name: before → after`. */
export function diffSnapshots(before: Snapshot, after: Snapshot): string[] {
  const lines: string[] = [];
  for (const section of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const left = before[section] ?? new Map<string, string>();
    const right = after[section] ?? new Map<string, string>();
    for (const name of [...new Set([...left.keys(), ...right.keys()])].sort()) {
      const was = left.get(name);
      const is = right.get(name);
      if (was === is) continue;
      if (was === undefined) lines.push(`${section}: + ${name}${is === undefined || is === '' ? '' : ` ${is}`}`);
      else if (is === undefined) lines.push(`${section}: - ${name}${was === '' ? '' : ` ${was}`}`);
      else lines.push(`${section}: ${name}: ${was} → ${is}`);
    }
  }
  return lines;
}
