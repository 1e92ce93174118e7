export { loadBuiltInCatalogue, parseCatalogue, versionsIn } from './catalogue.js';
export { clusterImages, imagesFor, NODES_WITHOUT_TYPHA, tagOf, usesKubeRouter } from './images.js';
export {
  flannelRelease,
  isSupportedKubernetes,
  kubernetesRelease,
  SUPPORTED_FLANNEL,
  SUPPORTED_KUBERNETES,
  type FlannelRelease,
  type KubernetesRelease,
} from './releases.js';
export { resolveVersions } from './resolve.js';
export {
  ARTIFACT_NAMES,
  type ArtifactName,
  type Catalogue,
  type CatalogueArtifact,
  type CatalogueImage,
  type ClusterImages,
  type ComponentVersions,
  type VersionRequest,
} from './types.js';
