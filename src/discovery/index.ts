export { parseCaHashes } from './ca-pin.js';
export {
  endpointOfServer,
  hasReadyNode,
  readJoinConfig,
  readUploadedCertificates,
  type ConfigFields,
  type JoinConfig,
  type TokenAccess,
} from './cluster-config.js';
export { discoverCluster } from './discover.js';
export type { DiscoveredCluster, DiscoveryInput, Endpoint } from './types.js';
