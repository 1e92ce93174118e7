export { sha256Of } from './digest.js';
export { filesStep } from './files.js';
export { removeFilesStep } from './remove-files.js';
export type {
  DirectorySpec,
  FilesStepOptions,
  FileSpec,
  ImageImportStepOptions,
  KernelModule,
  KernelModulesStepOptions,
  LocalFile,
  MarkedBlockStepOptions,
  RemoveFilesStepOptions,
  StepOptions,
  SysctlStepOptions,
  UnitInput,
  UnitStepOptions,
  UnpackEntry,
  UnpackStepOptions,
  UploadStepOptions,
} from './types.js';
export { unpackStep } from './unpack.js';
export { uploadStep } from './upload.js';
