import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.js';

/** What stands for the load balancer in front of a cluster: a small program of the tests, at the operator's address in the lab. */
export interface LoadBalancer {
  readonly host: string;
  readonly port: number;
  /** Leads to these hosts from now on, as long as each says that it is ready. */
  use(hosts: readonly string[]): Promise<void>;
  stop(): void;
}

const PORT = 6443;

/** Starts the load balancer of a lab. */
export async function startLoadBalancer(lab: Lab, hosts: readonly string[]): Promise<LoadBalancer> {
  const backends = join(lab.directory, 'load-balancer-backends');
  const use = (names: readonly string[]): Promise<void> => writeFile(backends, names.map((name) => `${lab.host(name).address}\n`).join(''));
  await use(hosts);
  const [program = '', ...args] = [
    ...lab.operator,
    process.execPath,
    join(import.meta.dirname, 'serve.mjs'),
    lab.gateway,
    String(PORT),
    backends,
  ];
  const child = spawn(program, args, { stdio: 'inherit' });
  return { host: lab.gateway, port: PORT, use, stop: () => void child.kill('SIGKILL') };
}
