import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureArtifacts } from '../lab/artifacts.js';
import { capture, type CommandResult } from '../lab/command.js';
import { labClusterFile, type LabClusterOptions } from '../lab/lab-cluster-file.js';
import { createLab, type Lab, type LabHostSpec } from '../lab/lab.js';

const KBS = resolve(import.meta.dirname, '..', '..', 'bin', 'run.js');

/** A lab with a cluster file, and the commands a person would type. */
export interface LabCluster {
  readonly lab: Lab;
  /** The bundle folder the cluster is made from. */
  readonly bundle: string;
  /** Path of the cluster file. */
  readonly file: string;
  /** Folder of the operator: cluster file, kubeconfig, kbs's own data. */
  readonly directory: string;
  /** The argv of kbs as the operator runs it, and what its environment has besides. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Writes the cluster file anew. */
  describe(options?: Partial<LabClusterOptions>): Promise<void>;
  /** Runs kbs as the operator, without a terminal. */
  kbs(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly killAfterMs?: number },
  ): Promise<CommandResult>;
  /** The same with `--output json`. Fails the test with kbs's own words when it does not succeed. */
  kbsJson<T>(args: readonly string[]): Promise<T>;
  /** Runs the bundle's kubectl with the administrator's kubeconfig. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Path of a program of the bundle, e.g. `kubeadm`. */
  program(name: string): Promise<string>;
  down(): Promise<void>;
}

/** Commands of kbs after which the administrator's kubeconfig is what it was. */
const LOOKING_ONLY: readonly string[] = ['kubeconfig', 'plan', 'status', 'verify', 'token'];

type Spec = Readonly<Record<string, unknown>>;

/** What kbs tells of its errors on standard output, which also has results of any length. */
function errorsOf(json: string): string {
  try {
    const { error, errors } = JSON.parse(json) as { error?: unknown; errors?: unknown };
    return JSON.stringify(errors ?? error, undefined, 1);
  } catch {
    return json.slice(0, 2000);
  }
}

/** Starts bare hosts and writes a cluster file for them; nothing is installed on them. */
export async function createLabCluster(options: {
  readonly name: string;
  readonly hosts: readonly LabHostSpec[];
  readonly members?: readonly string[];
  /** Container runtimes of single hosts, by name. */
  readonly runtimes?: LabClusterOptions['runtimes'];
  /** Makes another bundle of the lab's. */
  readonly bundle?: (standard: string) => Promise<string>;
  /** Merged over `spec` of the cluster file; what needs the hosts' addresses is told the lab. */
  readonly spec?: Spec | ((lab: Lab) => Spec);
}): Promise<LabCluster> {
  const { directory: standard } = await ensureArtifacts();
  const bundle = options.bundle === undefined ? standard : await options.bundle(standard);
  const lab = await createLab({ name: options.name, hosts: options.hosts });
  const directory = await mkdtemp(join(tmpdir(), `kbs-${options.name}-`));
  const file = join(directory, 'cluster.yaml');
  const environment = { XDG_DATA_HOME: join(directory, 'data'), XDG_CACHE_HOME: join(directory, 'cache') };

  const spec = typeof options.spec === 'function' ? options.spec(lab) : options.spec;

  const describe = async (changes: Partial<LabClusterOptions> = {}): Promise<void> => {
    const base: LabClusterOptions = {
      artifacts: { source: 'bundle', path: bundle },
      ...(options.runtimes === undefined ? {} : { runtimes: options.runtimes }),
      ...(options.members === undefined ? {} : { hosts: options.members }),
      ...(spec === undefined ? {} : { spec }),
    };
    await writeFile(file, labClusterFile(lab, { ...base, ...changes }));
  };

  const command = [...lab.operator, process.execPath, KBS];

  // Fetched by kbs once, and again after every command that may have changed it.
  let kubeconfig: Promise<string> | undefined;

  const kbs: LabCluster['kbs'] = (args, { input, env, killAfterMs } = {}) => {
    if (!LOOKING_ONLY.includes(args[0] ?? '')) kubeconfig = undefined;
    return capture([...command, ...args], {
      cwd: directory,
      env: { ...environment, ...env },
      ...(input === undefined ? {} : { input }),
      ...(killAfterMs === undefined ? {} : { timeoutMs: killAfterMs }),
    });
  };

  const program = async (name: string): Promise<string> =>
    (await capture(['find', bundle, '-name', name, '-type', 'f'])).stdout.trim().split('\n')[0] ?? name;

  const fetchKubeconfig = async (): Promise<string> => {
    const to = join(directory, 'admin.conf');
    const got = await kbs(['kubeconfig', 'get', '-f', file, '--to', to]);
    if (got.exitCode !== 0) throw new Error(got.stderr);
    return to;
  };

  const kubectl: LabCluster['kubectl'] = async (args, input) => {
    kubeconfig ??= fetchKubeconfig();
    const used = kubeconfig;
    try {
      const argv = [...lab.operator, await program('kubectl'), '--kubeconfig', await used, ...args];
      const result = await capture(argv, input === undefined ? {} : { input });
      if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
      return result.stdout;
    } catch (error) {
      if (kubeconfig === used) kubeconfig = undefined;
      throw error;
    }
  };

  await describe();
  return {
    lab,
    bundle,
    file,
    directory,
    command,
    environment,
    describe,
    kbs,
    kubectl,
    program,
    async kbsJson<T>(args: readonly string[]): Promise<T> {
      const result = await kbs([...args, '--output', 'json']);
      if (result.exitCode !== 0)
        throw new Error(`kbs ${args.join(' ')} ended with ${result.exitCode}:\n${result.stderr}\n${errorsOf(result.stdout)}`);
      return JSON.parse(result.stdout) as T;
    },
    async down() {
      await lab.down();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
