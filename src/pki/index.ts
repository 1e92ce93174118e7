export { decryptSharedPki, encryptSharedPki, parseCertificateKey } from './certificate-copies.js';
export { etcdClientProblems, type EtcdClientFiles, type EtcdClientProblem } from './etcd-client.js';
export { clientCertificateProblem, issueClientCertificate, leafProblem, type ExpectedLeaf, type FoundKeyPair } from './fitness.js';
export { caCertHash, inspectCertificate, isSameCertificate, publicKeyPlace } from './inspect.js';
export { controlPlaneLeaves, ETCD_LEAF_CERTS, issueLeaf, LEAF_CERTS } from './leaves.js';
export {
  authorityOf,
  createControlPlanePki,
  createEtcdAuthority,
  createSharedPki,
  ETCD_AUTHORITY_FILES,
  ETCD_CLIENT_FILES,
  etcdAuthorityFromFiles,
  SHARED_PKI_FILES,
  sharedPkiFiles,
  sharedPkiFromFiles,
  type SharedPkiFile,
} from './shared.js';
export { createBootstrapToken, createCertificateKey, parseBootstrapToken } from './token.js';
export type {
  AuthorityName,
  BootstrapToken,
  CertificateInfo,
  CertificateUsage,
  CertSpec,
  ClientCertificateRequest,
  ControlPlaneNode,
  EtcdClient,
  KeyPair,
  LeafName,
  LeafRequirements,
  SharedPki,
  SubjectAltNames,
} from './types.js';
