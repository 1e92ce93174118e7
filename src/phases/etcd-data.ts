import type { AnyStep } from '../engine/index.js';
import type { Host } from '../host/index.js';
import { filesStep } from '../steps/index.js';

/** The folder etcd keeps its data in. */
export function etcdDataStep(id: string, path: string): AnyStep {
  return filesStep({ id, title: 'Make the data folder of etcd', files: [], directories: [{ path, mode: 0o700, ownTree: true }] });
}

/** Whether a host has what a member of etcd has written to its data folder. */
export async function hasEtcdData(host: Host, dataDir: string): Promise<boolean> {
  const path = `${dataDir}/member`;
  return (await host.files.stat([path])).get(path) !== undefined;
}
