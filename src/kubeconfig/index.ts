export { kubeconfigProblem } from './fitness.js';
export { mergeKubeconfig } from './merge.js';
export { parseClusterInfo, parseKubeconfig } from './read.js';
export {
  issueKubeconfig,
  KUBECONFIGS,
  renderBootstrapKubeconfig,
  renderClusterInfo,
  renderKubeconfig,
  renderKubeletKubeconfig,
  type KubeconfigInput,
} from './write.js';
export type {
  ClusterAccess,
  Credentials,
  ExpectedKubeconfig,
  KubeconfigContent,
  KubeconfigName,
  KubeconfigSpec,
  MergedKubeconfig,
  MergeOptions,
} from './types.js';
