import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureArtifacts } from '../lab/artifacts.js';
import { capture } from '../lab/command.js';
import { labClusterFile } from '../lab/lab-cluster-file.js';
import { createLab, type Lab } from '../lab/lab.js';
import { median } from './median.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
const KBS = join(ROOT, 'bin', 'run.js');

/** One `kbs plan` of bare hosts: seconds and mebibytes. */
export interface OperatorRound {
  /** From the command's start to its end. */
  readonly wallSeconds: number;
  /** Connecting to all hosts and reading their facts. */
  readonly connectSeconds: number;
  /** All checks of all hosts. */
  readonly preflightSeconds: number;
  /** User and system time of kbs. */
  readonly cpuSeconds: number;
  readonly peakRssMib: number;
}

/** What kbs itself takes for many hosts. */
export interface OperatorResult {
  readonly hosts: number;
  readonly rounds: readonly OperatorRound[];
  readonly median: OperatorRound;
}

interface UsageJson {
  readonly cpuSeconds: number;
  readonly peakRssMib: number;
}

interface EventJson {
  readonly type: string;
  readonly phase?: string;
  readonly durationMs?: number;
}

function phaseSeconds(events: readonly EventJson[], phase: string): number {
  return (events.find((event) => event.type === 'phase.end' && event.phase === phase)?.durationMs ?? Number.NaN) / 1000;
}

async function planRound(lab: Lab, file: string, directory: string): Promise<OperatorRound> {
  const usageFile = join(directory, 'usage.json');
  const env = {
    XDG_DATA_HOME: join(directory, 'data'),
    XDG_CACHE_HOME: join(directory, 'cache'),
    BENCH_USAGE: usageFile,
    NODE_OPTIONS: `--import ${pathToFileURL(join(ROOT, 'test', 'bench', 'usage.mjs')).href}`,
  };
  const startedMs = performance.now();
  const result = await capture([...lab.operator, process.execPath, KBS, 'plan', '-f', file, '--output', 'jsonl'], {
    env,
    timeoutMs: 600_000,
  });
  const wallSeconds = (performance.now() - startedMs) / 1000;
  if (result.exitCode !== 0) throw new Error(`kbs plan ended with ${result.exitCode}\n${result.stderr.slice(-4000)}`);
  const events = result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EventJson);
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as UsageJson;
  return { wallSeconds, connectSeconds: phaseSeconds(events, 'connect'), preflightSeconds: phaseSeconds(events, 'preflight'), ...usage };
}

function medianRound(rounds: readonly OperatorRound[]): OperatorRound {
  const of = (field: keyof OperatorRound): number => median(rounds.map((round) => round[field]));
  return {
    wallSeconds: of('wallSeconds'),
    connectSeconds: of('connectSeconds'),
    preflightSeconds: of('preflightSeconds'),
    cpuSeconds: of('cpuSeconds'),
    peakRssMib: of('peakRssMib'),
  };
}

/** Measures `kbs plan` on hosts that run nothing but systemd and sshd: one control plane, all others workers. */
export async function measureOperatorSide(options: {
  readonly hosts: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}): Promise<OperatorResult> {
  const names = ['cp1', ...Array.from({ length: options.hosts - 1 }, (_, index) => `w${index + 1}`)];
  const { directory: bundle } = await ensureArtifacts();
  const directory = await mkdtemp(join(tmpdir(), 'kbs-bench-'));
  const lab = await createLab({ name: 'bench-op', hosts: names.map((name) => ({ name })) });
  try {
    const file = join(directory, 'cluster.yaml');
    await writeFile(file, labClusterFile(lab, { name: 'bench-op', artifacts: { source: 'bundle', path: bundle } }));
    const rounds: OperatorRound[] = [];
    // The first one fills the cache of digests and is not counted.
    for (let round = 0; round <= options.rounds; round += 1) {
      const seen = await planRound(lab, file, directory);
      options.say(`${round === 0 ? 'warm-up' : `round ${round}`}: ${operatorText(seen)}`);
      if (round > 0) rounds.push(seen);
    }
    return { hosts: options.hosts, rounds, median: medianRound(rounds) };
  } finally {
    await lab.down();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A round as people read it. */
export function operatorText({ wallSeconds, connectSeconds, preflightSeconds, cpuSeconds, peakRssMib }: OperatorRound): string {
  return `plan ${wallSeconds.toFixed(1)} s (connect and facts ${connectSeconds.toFixed(1)} s, preflight ${preflightSeconds.toFixed(1)} s), ${cpuSeconds.toFixed(1)} s of CPU, ${Math.round(peakRssMib)} MiB at most`;
}
