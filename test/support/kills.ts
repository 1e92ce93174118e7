import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { LabCluster } from './lab-cluster.js';
import { randomNumbers } from './random-numbers.js';

/** The same seed kills at the same moments. */
const SEED = Number(process.env['KBS_TEST_SEED'] ?? Date.now() % 1_000_000);
/** An undisturbed birth of five hosts takes longer; what a killed run has done makes the next one shorter. */
const LATEST_KILL_MS = 40_000;

/** Random moments in ms after the start of a run, from the seed that {@link describeKills} prints. */
export function killMoments(count: number): readonly number[] {
  const random = randomNumbers(SEED);
  return Array.from({ length: count }, () => Math.round(300 + random() * (LATEST_KILL_MS - 300)));
}

/** For the name of a test: when kbs is killed, and how to have it killed at the same moments again. */
export function describeKills(moments: readonly number[]): string {
  return `killed after ${moments.join(', ')} ms (seed ${SEED})`;
}

/** Runs kbs once for each moment and kills it then. A run that is done before its moment has to be well. */
export async function killedAt(cluster: LabCluster, moments: readonly number[], args: readonly string[]): Promise<void> {
  for (const killAfterMs of moments) {
    const run = await cluster.kbs(args, { killAfterMs });
    expect([0, 137], run.stderr).toContain(run.exitCode);
  }
}

/** Runs kbs and kills it as soon as a command succeeds on a host. Fails the test when kbs ends before. */
export async function killedWhen(cluster: LabCluster, args: readonly string[], host: string, isThen: string): Promise<void> {
  const [program = '', ...rest] = [...cluster.command, ...args];
  const child = spawn(program, rest, { cwd: cluster.directory, env: { ...process.env, ...cluster.environment }, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (child.exitCode === null && (await cluster.lab.ssh(host, isThen)).exitCode !== 0) await sleep(100);
  expect(child.exitCode, `kbs ${args.join(' ')} ended by itself`).toBeNull();
  child.kill('SIGKILL');
  await ended;
}
