import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { flannelManifest } from '../bench/flannel-manifest.js';
import { capture, output } from '../lab/command.js';
import type { Lab } from '../lab/lab.js';
import { createLabCluster, type LabCluster } from './lab-cluster.js';
import { preparedHosts } from './prepared-hosts.js';

const SCRIPT = resolve(import.meta.dirname, '..', 'bench', 'kubeadm.sh');

/** kubeadm 1.25 built with a recent Go cannot parse its own URL in this check. */
export const KUBEADM_IGNORE = '--ignore-preflight-errors=HTTPProxyCIDR';

async function runScript(
  lab: Lab,
  bundle: string,
  roles: { readonly controlPlanes: readonly string[]; readonly workers: readonly string[]; readonly onlyPrepares?: boolean },
): Promise<void> {
  const flannel = join(lab.directory, 'flannel.yaml');
  await writeFile(flannel, await flannelManifest(bundle));
  const pairs = (names: readonly string[]): string => names.map((name) => `${name}=${lab.host(name).address}`).join(' ');
  const [first] = roles.controlPlanes;
  const endpoint = first === undefined || roles.onlyPrepares === true ? '' : `${lab.host(first).address}:6443`;
  const result = await capture(
    [
      ...[...lab.operator, SCRIPT, bundle, lab.identityFile, lab.knownHostsFile, flannel, endpoint],
      ...[pairs(roles.controlPlanes), pairs(roles.workers)],
    ],
    { timeoutMs: 600_000 },
  );
  if (result.exitCode !== 0) throw new Error(`kubeadm.sh ended with ${result.exitCode}\n${result.stderr.slice(-4000)}`);
}

/** Makes a cluster on bare hosts of a lab with stock kubeadm; names that start with `cp` are control planes. Ready when every node is. */
export async function createKubeadmCluster(lab: Lab, bundle: string): Promise<void> {
  const names = lab.hosts.map(({ name }) => name);
  const isControlPlane = (name: string): boolean => name.startsWith('cp');
  await runScript(lab, bundle, {
    controlPlanes: names.filter(isControlPlane),
    workers: names.filter((name) => !isControlPlane(name)),
  });
}

/** Brings a bare host to where an administrator calls `kubeadm join`: runtime, kubelet, kubeadm, crictl, images. */
export async function prepareForKubeadm(
  lab: Lab,
  bundle: string,
  host: string,
  role: 'control-plane' | 'worker' = 'worker',
): Promise<void> {
  const [controlPlanes, workers] = role === 'worker' ? [[], [host]] : [[host], []];
  await runScript(lab, bundle, { controlPlanes, workers, onlyPrepares: true });
}

async function copyTo(lab: Lab, file: string, host: string, directory: string): Promise<void> {
  const { address, user } = lab.host(host);
  const options = ['-q', '-i', lab.identityFile, '-o', `UserKnownHostsFile=${lab.knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'];
  await output([...lab.operator, 'scp', '-p', ...options, file, `${user}@${address}:${directory}/`]);
}

/** Puts a program of the bundle, e.g. `kubeadm`, into /usr/bin of a host. */
export async function installProgram(lab: Lab, file: string, host: string): Promise<void> {
  await copyTo(lab, file, host, '/usr/bin');
}

/** Gives an image of the bundle, e.g. `haproxy`, to a host with containerd, which elsewhere would get it from its registry. */
export async function importImage(lab: Lab, bundle: string, name: string, host: string): Promise<void> {
  const directory = join(bundle, 'images', 'amd64');
  const archive = (await readdir(directory)).find((entry) => entry.startsWith(`${name}-`));
  if (archive === undefined) throw new Error(`the bundle has no image ${name}`);
  await copyTo(lab, join(directory, archive), host, '/root');
  const imported = await lab.ssh(host, `ctr -n k8s.io images import /root/${archive} && rm /root/${archive}`);
  if (imported.exitCode !== 0) throw new Error(`${archive} was not imported: ${imported.stderr}`);
}

/**
 * A cluster of kbs with one control plane, `cp1`, beside a bare host, `w1`, where an administrator could call `kubeadm join` at once; kubeadm is
 * on the control plane, too.
 * @param options of the cluster besides its hosts
 */
export async function createKubeadmJoinCluster(
  options: Pick<Parameters<typeof createLabCluster>[0], 'name' | 'spec'>,
): Promise<LabCluster> {
  const cluster = await createLabCluster({ ...options, hosts: [...(await preparedHosts(['cp1'])), { name: 'w1' }], members: ['cp1'] });
  const made = await Promise.allSettled([
    cluster.kbsJson(['init', '-f', cluster.file]),
    prepareForKubeadm(cluster.lab, cluster.bundle, 'w1'),
  ]);
  for (const result of made) if (result.status === 'rejected') throw result.reason;
  await installProgram(cluster.lab, await cluster.program('kubeadm'), 'cp1');
  return cluster;
}
