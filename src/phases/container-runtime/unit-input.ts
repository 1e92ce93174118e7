import { sha256Of, type FileSpec, type UnitInput } from '../../steps/index.js';
import { proxyInputs } from './proxy.js';

/** What a service reads at a path, as an input of its unit: with its digest where the path is among these files. */
export function unitInput(files: readonly FileSpec[], path: string): UnitInput {
  const file = files.find((candidate) => candidate.path === path);
  return file === undefined ? { path } : { path, sha256: sha256Of(file.content) };
}

/** What a service that pulls images reads: these paths, and its proxy where there is one. */
export function pullingUnitInputs(files: readonly FileSpec[], unit: string, paths: readonly string[]): readonly UnitInput[] {
  return [...paths, ...proxyInputs(files, unit)].map((path) => unitInput(files, path));
}
