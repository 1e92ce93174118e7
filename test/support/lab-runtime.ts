import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offerPackages } from '../lab/apt-source.js';
import { createLabCluster, type LabCluster } from './lab-cluster.js';
import { bundleWithCrio, crioDirectory, prepareForCrio } from './lab-crio.js';
import { divertRunc } from './lab-runc.js';

/** Container runtimes a lab can have; `cri-o` only with the programs `KBS_TEST_CRIO_DIR` names. */
export type LabRuntime = 'containerd' | 'docker' | 'cri-o';

/** Debian's packages for each, beside what the bundle has; skopeo loads the images of CRI-O. */
const PACKAGES: Readonly<Record<LabRuntime, Readonly<Record<'artifact' | 'package', readonly string[]>>>> = {
  containerd: { artifact: [], package: ['containerd', 'runc'] },
  docker: { artifact: ['docker.io', 'runc'], package: ['docker.io', 'runc'] },
  'cri-o': { artifact: ['skopeo'], package: ['skopeo'] },
};

/** A cluster of bare hosts on which all of these runtimes can be installed; `down` takes away what was made for them, too. */
export async function createRuntimeLab(options: {
  readonly cluster: Omit<Parameters<typeof createLabCluster>[0], 'bundle'>;
  readonly runtimes: readonly LabRuntime[];
  readonly install: 'artifact' | 'package';
}): Promise<LabCluster> {
  const { runtimes, install } = options;
  const { name, hosts } = options.cluster;
  const directory = await mkdtemp(join(tmpdir(), `kbs-runtime-${name}-`));
  const crio = runtimes.includes('cri-o') ? crioDirectory() : undefined;
  const cluster = await createLabCluster({
    ...options.cluster,
    ...(crio === undefined ? {} : { bundle: (standard: string) => bundleWithCrio(crio, standard, join(directory, 'bundle')) }),
  });
  if (crio !== undefined) await prepareForCrio(crio, cluster.lab);
  if (runtimes.includes('docker'))
    await divertRunc(
      cluster.lab,
      hosts.map((host) => host.name),
    );
  const packages = [...new Set(runtimes.flatMap((runtime) => PACKAGES[runtime][install]))];
  const archive = packages.length === 0 ? undefined : await offerPackages(cluster.lab, packages);
  return {
    ...cluster,
    down: async () => {
      await archive?.stop();
      await cluster.down();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
