import { sha256Of, type FileSpec, type UnitInput } from '../../steps/index.js';

/** What a service reads at a path, as an input of its unit: with its digest where the path is among these files. */
export function unitInput(files: readonly FileSpec[], path: string): UnitInput {
  const file = files.find((candidate) => candidate.path === path);
  return file === undefined ? { path } : { path, sha256: sha256Of(file.content) };
}
