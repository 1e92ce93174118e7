export type { Patience } from './http.js';
export { locateFile, locateImage, type LocatedArtifact } from './locate.js';
export { openArtifactStore, type ArtifactStoreOptions } from './store.js';
export type { ArchiveEntry, ArtifactRequest, ArtifactStore, LocalFile } from './types.js';
