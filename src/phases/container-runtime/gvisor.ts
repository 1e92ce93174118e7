import type { ClusterSpec } from '../../config/index.js';
import { PATHS } from '../../constants/index.js';
import { renderRunscConfig } from '../../render/index.js';
import type { FileSpec } from '../../steps/index.js';
import type { ComponentVersions } from '../../versions/index.js';
import type { RuntimeArtifact } from './types.js';

/** gVisor's runtime and its shim for containerd, which looks for the shim in its own PATH. */
export function gvisorArtifacts({ gvisor }: ComponentVersions): readonly RuntimeArtifact[] {
  return [
    { name: 'runsc', version: gvisor, target: PATHS.runscBinary },
    { name: 'containerd-shim-runsc-v1', version: gvisor, target: `${PATHS.localBinDir}/containerd-shim-runsc-v1` },
  ];
}

/** What the shim reads each time a pod starts: no service has to be restarted for it. */
export function gvisorFiles({ runtimeClasses, gvisor, containerRuntime }: ClusterSpec): readonly FileSpec[] {
  if (!runtimeClasses.includes('gvisor')) return [];
  const content = renderRunscConfig({ ...gvisor, cgroupDriver: containerRuntime.cgroupDriver });
  return [{ path: PATHS.runscConfig, content, mode: 0o644 }];
}
