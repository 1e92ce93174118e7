import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureArtifacts } from '../lab/artifacts.js';
import { capture, output } from '../lab/command.js';
import { labClusterFile } from '../lab/lab-cluster-file.js';
import { createLab, type Lab } from '../lab/lab.js';
import { PREPARING_PHASES } from '../support/prepared-hosts.js';
import { flannelManifest } from './flannel-manifest.js';
import { measured, type Measured } from './measure.js';
import { median } from './median.js';
import { measureOperatorSide, operatorText } from './operator-side.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
const KBS = join(ROOT, 'bin', 'run.js');
const HELP = `usage: npm run bench -- [--rounds N] [--control-planes N] [--workers N] [--prepared] [--json]
       npm run bench -- --hosts N [--rounds N] [--json]

Bare hosts → verified cluster, kbs against a hand-written script around kubeadm: the same binaries, hosts and images by the same
means, both ending with the same proof, in turn in one run. Prints every round, medians and the ratio kbs / kubeadm; also how long the
processors worked, which is what bounds whoever does everything at once.

With --prepared: programs, container runtime and images are on the hosts before the clock starts, brought by the tool itself. What is
measured then is how a cluster comes up; from bare hosts, most of it on one machine is unpacking images.

With --hosts: what kbs itself takes for so many hosts. Facts, preflight and plan on hosts that run sshd and nothing else: time, CPU and
memory of kbs.
`;

/** Seconds of one round, and how long all processors worked in it. */
interface Round {
  readonly round: number;
  readonly kbs: number;
  readonly kubeadm: number;
  readonly cpu: { readonly kbs: number; readonly kubeadm: number };
}

interface Setting {
  readonly bundle: string;
  readonly directory: string;
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  /** Programs, runtime and images are on the hosts before the clock starts. */
  readonly isPrepared: boolean;
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

async function onBareHosts<T>(setting: Setting, name: string, work: (lab: Lab, clusterFile: string) => Promise<T>): Promise<T> {
  const lab = await createLab({ name, hosts: [...setting.controlPlanes, ...setting.workers].map((host) => ({ name: host })) });
  try {
    const clusterFile = join(setting.directory, `${name}.yaml`);
    const first = lab.hosts[0]?.address ?? '';
    const endpoint = setting.controlPlanes.length > 1 ? { controlPlaneEndpoint: { host: first } } : {};
    await writeFile(clusterFile, labClusterFile(lab, { name, artifacts: { source: 'bundle', path: setting.bundle }, spec: endpoint }));
    return await work(lab, clusterFile);
  } finally {
    await lab.down();
  }
}

async function must(lab: Lab, argv: readonly string[], directory: string, extra: Readonly<Record<string, string>> = {}): Promise<void> {
  const env = { XDG_DATA_HOME: join(directory, 'data'), XDG_CACHE_HOME: join(directory, 'cache'), ...extra };
  const result = await capture([...lab.operator, ...argv], { env, timeoutMs: 600_000 });
  if (result.exitCode !== 0) throw new Error(`${argv.slice(0, 4).join(' ')} ended with ${result.exitCode}\n${result.stderr.slice(-4000)}`);
}

function runKbs(setting: Setting, lab: Lab, args: readonly string[]): Promise<void> {
  return must(lab, [process.execPath, KBS, ...args], setting.directory);
}

async function kbsRound(setting: Setting, round: number): Promise<Measured> {
  return onBareHosts(setting, `bench-k${round}`, async (lab, file) => {
    if (setting.isPrepared) await runKbs(setting, lab, ['phase', 'run', ...PREPARING_PHASES, '-f', file]);
    return measured(() => runKbs(setting, lab, ['apply', '-f', file]));
  });
}

async function kubeadmRound(setting: Setting, round: number): Promise<Measured> {
  return onBareHosts(setting, `bench-a${round}`, async (lab, file) => {
    const flannel = join(setting.directory, 'flannel.yaml');
    await writeFile(flannel, await flannelManifest(setting.bundle));
    const pairs = (names: readonly string[]): string => names.map((name) => `${name}=${lab.host(name).address}`).join(' ');
    const endpoint = `${lab.host(setting.controlPlanes[0] ?? '').address}:6443`;
    const script = [join(ROOT, 'test', 'bench', 'kubeadm.sh'), setting.bundle, lab.identityFile, lab.knownHostsFile, flannel];
    const hosts = [pairs(setting.controlPlanes), pairs(setting.workers)];
    if (setting.isPrepared) await must(lab, [...script, '', ...hosts], setting.directory);
    return measured(async () => {
      await must(lab, [...script, endpoint, ...hosts], setting.directory, setting.isPrepared ? { PREPARED: 'yes' } : {});
      // The same proof: kbs reads the cluster kubeadm made, for both write the same files.
      await runKbs(setting, lab, ['apply', '-f', file, '--phase', 'proof']);
    });
  });
}

/** CPU seconds (user and system) of `kbs --version`, median of nine. */
async function versionCpuSeconds(): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < 9; run += 1) {
    const text = await output(['bash', '-c', `TIMEFORMAT='%U %S'; { time ${process.execPath} ${KBS} --version >/dev/null; } 2>&1`]);
    values.push(
      text
        .trim()
        .split(/\s+/)
        .map(Number)
        .reduce((sum, value) => sum + value, 0),
    );
  }
  return median(values);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      'control-planes': { type: 'string', default: '1' },
      workers: { type: 'string', default: '2' },
      prepared: { type: 'boolean', default: false },
      hosts: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.hosts !== undefined) {
    const result = await measureOperatorSide({ hosts: Number(values.hosts), rounds: Number(values.rounds), say });
    if (values.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else process.stdout.write(`${result.hosts} hosts: ${operatorText(result.median)} (medians of ${result.rounds.length})\n`);
    return 0;
  }
  const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
  const { directory: bundle } = await ensureArtifacts();
  const directory = await mkdtemp(join(tmpdir(), 'kbs-bench-'));
  const setting = {
    bundle,
    directory,
    controlPlanes: names('cp', Number(values['control-planes'])),
    workers: names('w', Number(values.workers)),
    isPrepared: values.prepared,
  };
  const rounds: Round[] = [];
  try {
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      // In turn, and the other way round every second time: what the machine does meanwhile meets both.
      const order = round % 2 === 1 ? (['kbs', 'kubeadm'] as const) : (['kubeadm', 'kbs'] as const);
      const seconds = { kbs: 0, kubeadm: 0 };
      const cpu = { kbs: 0, kubeadm: 0 };
      for (const tool of order) {
        const took = await (tool === 'kbs' ? kbsRound : kubeadmRound)(setting, round);
        [seconds[tool], cpu[tool]] = [took.seconds, took.cpuSeconds];
        say(
          `round ${round}: ${tool} ${took.seconds.toFixed(1)} s (${took.cpuSeconds.toFixed(0)} s of CPU on ${availableParallelism()} processors)`,
        );
      }
      rounds.push({ round, ...seconds, cpu });
    }
    const kbs = median(rounds.map((round) => round.kbs));
    const kubeadm = median(rounds.map((round) => round.kubeadm));
    const result = {
      hosts: { controlPlanes: setting.controlPlanes.length, workers: setting.workers.length, prepared: setting.isPrepared },
      rounds,
      kbs,
      kubeadm,
      ratio: kbs / kubeadm,
      cpu: { kbs: median(rounds.map(({ cpu }) => cpu.kbs)), kubeadm: median(rounds.map(({ cpu }) => cpu.kubeadm)) },
      versionCpuSeconds: await versionCpuSeconds(),
    };
    if (values.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else
      process.stdout.write(
        `kbs ${kbs.toFixed(1)} s, kubeadm ${kubeadm.toFixed(1)} s, ratio ${result.ratio.toFixed(2)} (medians of ${rounds.length}); kbs --version ${result.versionCpuSeconds.toFixed(2)} s of CPU\n`,
      );
    return 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
