import type { LabCluster } from './lab-cluster.js';

/** Every pod with its node, and its containers with their starts: another text after any restart. */
export async function runningContainers(cluster: LabCluster): Promise<string> {
  const fields =
    '{range .items[*]}{.metadata.name} {.spec.nodeName} {range .status.containerStatuses[*]}{.containerID} {.restartCount} {end}{"\\n"}{end}';
  return cluster.kubectl(['get', 'pods', '-A', '-o', `jsonpath=${fields}`]);
}
