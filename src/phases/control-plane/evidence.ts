import { PATHS, UNITS } from '../../constants/index.js';
import { sh, type Host } from '../../host/index.js';

import { runtimeOf } from '../container-runtime/index.js';
import type { RunContext } from '../context.js';

/** What the host itself says of a control plane that does not come up: pods of the runtime, their last lines, the kubelet's. */
export async function controlPlaneEvidence(host: Host, spec: RunContext['spec']): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of ['etcd', 'kube-apiserver']) {
    const log = await host.run(
      sh`for file in $(ls -t ${PATHS.podLogsDir}/kube-system_${name}-*/*/*.log 2>/dev/null | head -n 1); do tail -n 8 "$file"; done`,
    );
    lines.push(
      ...log
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `${name}: ${line}`),
    );
  }
  const containers = await host.run(sh`crictl ps -a 2>&1 | head -n 12`);
  lines.push(...containers.split('\n').map((line) => `crictl ps -a: ${line}`));
  const kubelet = await host.units.journal(UNITS.kubelet, 15);
  lines.push(...kubelet.map((line) => `kubelet: ${line}`));
  for (const unit of runtimeOf(spec, host).evidenceUnits) {
    const said = await host.units.journal(unit, 8);
    lines.push(...said.map((line) => `${unit.replace('.service', '')}: ${line}`));
  }
  return lines;
}
