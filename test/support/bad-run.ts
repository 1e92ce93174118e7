import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { KbsErrorJson } from '../../src/errors/index.js';
import type { Lab } from '../lab/lab.js';
import { diffSnapshots, snapshotHost } from '../lab/snapshot.js';
import type { LabCluster } from './lab-cluster.js';

/** What kbs told about a run that failed: for programs, and for people. */
export interface FailedRun {
  readonly exitCode: number;
  readonly errors: readonly KbsErrorJson[];
  readonly text: string;
}

/** Runs kbs with `--output json` and reads the errors it ends with. Fails the test when there are none. */
export async function failedRun(
  cluster: Pick<LabCluster, 'kbs'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<FailedRun> {
  const result = await cluster.kbs([...args, '--output', 'json'], { env: { SSH_AUTH_SOCK: '', ...env } });
  expect(result.exitCode, result.stdout).not.toBe(0);
  const told = JSON.parse(result.stdout) as { readonly errors?: readonly KbsErrorJson[] };
  return { exitCode: result.exitCode, errors: told.errors ?? [], text: result.stderr };
}

/** Errors in the order of their hosts: which host fails first is chance. */
export function byHost(errors: readonly KbsErrorJson[]): readonly KbsErrorJson[] {
  return [...errors].sort((a, b) => (a.where.host ?? '').localeCompare(b.where.host ?? ''));
}

/** Writes an edited copy of the cluster file beside it; the edit has to change something. */
export async function editedFile(cluster: LabCluster, name: string, edit: (text: string) => string): Promise<string> {
  const text = await readFile(cluster.file, 'utf8');
  const edited = edit(text);
  if (edited === text) throw new Error(`${name}: the edit changes nothing`);
  const file = join(cluster.directory, `${name}.yaml`);
  await writeFile(file, edited);
  return file;
}

/** Remembers how hosts are now; the result tells, host by host, what has become different since. */
export async function rememberHosts(lab: Lab, names: readonly string[]): Promise<() => Promise<readonly string[]>> {
  const before = await Promise.all(names.map((name) => snapshotHost(lab, name)));
  return async () => {
    const differences = await Promise.all(
      names.map(async (name, index) => {
        const then = before[index];
        return then === undefined ? [] : diffSnapshots(then, await snapshotHost(lab, name)).map((line) => `${name} ${line}`);
      }),
    );
    return differences.flat();
  };
}

/** A kbs that is under way. */
export interface RunningKbs {
  /** Resolves when it has told something that matches; fails when it ends before. */
  told(pattern: RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly signal: string | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Starts kbs as the operator, with `--output json`, to be stopped in the middle. */
export function startKbs(cluster: LabCluster, args: readonly string[]): RunningKbs {
  const [program = '', ...rest] = [...cluster.command, ...args, '--output', 'json'];
  const child = spawn(program, rest, {
    cwd: cluster.directory,
    env: { ...process.env, ...cluster.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const stdout = text(child.stdout);
  const ended = once(child, 'close').then(async ([exitCode, signal]) => ({
    exitCode: exitCode as number | null,
    signal: signal as string | null,
    stdout: await stdout,
    stderr,
  }));
  return {
    ended,
    signal: (name) => void child.kill(name),
    told: async (pattern) => {
      while (!pattern.test(stderr)) {
        const isOver = await Promise.race([once(child.stderr, 'data').then(() => false), ended.then(() => true)]);
        if (isOver && !pattern.test(stderr)) throw new Error(`kbs ended without telling ${pattern.source}:\n${stderr}`);
      }
    },
  };
}
