export type { ArchiveEntry, ArtifactRequest, ArtifactStore, LocalFile } from './types.js';
