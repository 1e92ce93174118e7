import type { Check } from '../types.js';
import { accessControl, podSecurity } from './access.js';
import { autoscaling } from './autoscaling.js';
import { aggregation, apiPaths, kubelets } from './control-plane.js';
import { customResource } from './custom-resource.js';
import { files } from './files.js';
import { clusterDns, externalName, podNames, resolverFiles } from './names.js';
import { networkPolicy } from './network-policy.js';
import { nodes, systemPods } from './nodes.js';
import { podMtuCheck, podsOnOneHost, podToPod } from './pod-network.js';
import { runtimeClasses } from './runtime-classes.js';
import { eviction, taints } from './scheduling.js';
import { clusterIp, hostPort, hostToPod, hostToService, nodePort, sessionAffinity } from './services.js';
import { attachAndLogs, execCheck, portForward } from './streaming.js';
import { volumes } from './volumes.js';
import { daemonSetCheck, deploymentCheck, jobs, probesCheck, statefulSetCheck } from './workloads.js';

/** Everything `kbs verify` looks at, in the order of its table. All of them run at once. A new one is a line here and a file beside. */
export const CHECKS: readonly Check[] = [
  nodes,
  systemPods,
  kubelets,
  podToPod,
  podMtuCheck,
  clusterIp,
  clusterDns,
  podsOnOneHost,
  podNames,
  resolverFiles,
  externalName,
  nodePort,
  hostToService,
  hostToPod,
  hostPort,
  sessionAffinity,
  networkPolicy,
  runtimeClasses,
  execCheck,
  portForward,
  attachAndLogs,
  files,
  volumes,
  probesCheck,
  deploymentCheck,
  daemonSetCheck,
  statefulSetCheck,
  jobs,
  autoscaling,
  eviction,
  taints,
  customResource,
  accessControl,
  podSecurity,
  apiPaths,
  aggregation,
];
