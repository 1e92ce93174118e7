import { expect, vi } from 'vitest';
import type { LabCluster } from './lab-cluster.js';

const LINES =
  '{range .items[*]}{.metadata.name} {.spec.nodeName} {.metadata.uid} {range .status.containerStatuses[*]}{.containerID} {.restartCount} {end}{"\\n"}{end}';
const SHOWN_STATIC_POD = /^(?:etcd|kube-(?:apiserver|controller-manager|scheduler))-(\S+) \1 \S+ \S+:\/\//gm;

/**
 * Every pod with its node and UID, and its containers with their starts: another text after any restart. Waits until the kubelets of as
 * many control planes have shown their static pods: one started before the API served is shown with the kubelet's next sync, a minute and
 * a half later.
 */
export async function runningContainers(cluster: Pick<LabCluster, 'kubectl'>, controlPlanes = 1): Promise<string> {
  return vi.waitFor(
    async () => {
      const lines = await cluster.kubectl(['get', 'pods', '-A', '-o', `jsonpath=${LINES}`]);
      expect(lines.match(SHOWN_STATIC_POD), lines).toHaveLength(4 * controlPlanes);
      return lines;
    },
    { timeout: 120_000, interval: 1_000 },
  );
}
