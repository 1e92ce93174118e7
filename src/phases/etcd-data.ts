import type { AnyStep } from '../engine/index.js';
import { filesStep } from '../steps/index.js';

/** The folder etcd keeps its data in. */
export function etcdDataStep(id: string, path: string): AnyStep {
  return filesStep({ id, title: 'Make the data folder of etcd', files: [], directories: [{ path, mode: 0o700, ownTree: true }] });
}
