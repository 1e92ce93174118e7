export { bootstrapTokenSecret, type BootstrapTokenInput } from './bootstrap-token.js';
export { coreDnsKeptFields, coreDnsObjects, type CoreDnsInput } from './core-dns.js';
export { kubeadmContractObjects, type KubeadmContractInput } from './kubeadm-contract.js';
export { nodesWithNetwork, nodesWithoutNetwork } from './network-wait.js';
export { clusterDnsPhase, clusterObjectsPhase, coreDnsInput, kubeadmContractInput } from './phases.js';
export { certificateLifetimeSecret, uploadedCertificatesRights, uploadedCertificatesSecret } from './uploaded-certificates.js';
