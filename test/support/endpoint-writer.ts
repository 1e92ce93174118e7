import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseKubeconfig } from '../../src/kubeconfig/index.js';
import { Secret } from '../../src/secret/index.js';
import { hostNamespace, inNamespace } from '../lab/network.js';
import type { LabCluster } from './lab-cluster.js';

const PROGRAM = join(import.meta.dirname, 'endpoint-writer.mjs');

/** What a writer did between its start and its end. */
export interface WriterReport {
  readonly acknowledged: number;
  readonly reads: number;
  /** Acknowledged writes that a later read did not show. */
  readonly lost: readonly string[];
  /** Longest time between two acknowledged writes. */
  readonly longestGapMs: number;
  /** When that gap began, milliseconds since the epoch. */
  readonly gapBeganAt: number;
}

/** A writer at work. */
export interface EndpointWriter {
  /** The longest time without an acknowledged write since a moment, the time up to now included. */
  gapSince(atMs: number): number;
  /** Writes acknowledged since a moment. */
  acknowledgedSince(atMs: number): number;
  /** Ends it and waits for its last read. */
  stop(): Promise<WriterReport>;
}

interface Line {
  readonly ack?: string;
  readonly read?: number;
  readonly lost?: string;
  readonly at: number;
}

function longestGap(times: readonly number[]): { readonly ms: number; readonly at: number } {
  return times.reduce(
    (longest, time, index) => {
      const before = times[index - 1] ?? time;
      return time - before > longest.ms ? { ms: time - before, at: before } : longest;
    },
    { ms: 0, at: 0 },
  );
}

/** Starts a writer in the network of a lab host, with the administrator's credentials: what it reaches is what that host reaches. */
export async function startWriter(
  cluster: LabCluster,
  options: { readonly host: string; readonly server: string; readonly namespace: string; readonly name: string },
): Promise<EndpointWriter> {
  const directory = await mkdtemp(join(cluster.directory, 'writer-'));
  const kubeconfig = join(directory, 'admin.conf');
  const got = await cluster.kbs(['kubeconfig', 'get', '-f', cluster.file]);
  if (got.exitCode !== 0) throw new Error(got.stderr);
  await writeFile(kubeconfig, got.stdout, { mode: 0o600 });
  const { caCertificate, clientCertificate, clientKey } = parseKubeconfig(new Secret(got.stdout));
  await Promise.all([
    writeFile(join(directory, 'ca.crt'), caCertificate ?? ''),
    writeFile(join(directory, 'client.crt'), clientCertificate ?? ''),
    writeFile(join(directory, 'client.key'), clientKey?.reveal() ?? '', { mode: 0o600 }),
  ]);
  const [program = '', ...prefix] = inNamespace(hostNamespace(cluster.lab.name, options.host));
  const child = spawn(program, [...prefix, process.execPath, PROGRAM, options.server, directory, options.namespace, options.name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  const ackTimes = (): number[] => lines.flatMap(({ ack, at }) => (ack === undefined ? [] : [at]));
  return {
    gapSince: (atMs) => longestGap([...ackTimes().filter((at) => at >= atMs - 1000), Date.now()]).ms,
    acknowledgedSince: (atMs) => ackTimes().filter((at) => at >= atMs).length,
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
      const gap = longestGap(ackTimes());
      return {
        acknowledged: ackTimes().length,
        reads: lines.filter(({ read }) => read !== undefined).length,
        lost: lines.flatMap(({ lost }) => (lost === undefined ? [] : [lost])),
        longestGapMs: gap.ms,
        gapBeganAt: gap.at,
      };
    },
  };
}
