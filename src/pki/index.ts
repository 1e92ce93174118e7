export { decryptSharedPki, encryptSharedPki, parseCertificateKey } from './certificate-copies.js';
export { clientCertificateProblem, issueClientCertificate, leafProblem, type ExpectedLeaf, type FoundKeyPair } from './fitness.js';
export { caCertHash, inspectCertificate, isSameCertificate, publicKeyPlace } from './inspect.js';
export { issueLeaf, LEAF_CERTS } from './leaves.js';
export { createSharedPki, SHARED_PKI_FILES, sharedPkiFromFiles, type SharedPkiFile } from './shared.js';
export { createBootstrapToken, createCertificateKey, parseBootstrapToken } from './token.js';
export type {
  AuthorityName,
  BootstrapToken,
  CertificateInfo,
  CertificateUsage,
  CertSpec,
  ClientCertificateRequest,
  ControlPlaneNode,
  KeyPair,
  LeafName,
  LeafRequirements,
  SharedPki,
  SubjectAltNames,
} from './types.js';
