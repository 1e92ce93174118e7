export { octal } from './folders.js';
export { sha256Of } from './digest.js';
export { unifiedDiff } from './unified-diff.js';
export { filesStep } from './files.js';
export { removeFilesStep } from './remove-files.js';
export type {
  ArchiveTree,
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
  UnpackTreeStepOptions,
  UploadStepOptions,
} from './types.js';
export { unpackStep } from './unpack.js';
export { unpackTreeStep } from './unpack-tree.js';
export { uploadStep } from './upload.js';
export { imageImportStep } from './image-import.js';
export { kernelAbilityCommand, parseKernelAbilities, probeKernelAbilities, type KernelAbility } from './kernel-ability.js';
export { kernelModulesStep } from './kernel-modules.js';
export { procPath, renderSysctls, sysctlStep, WRITTEN_BY_KBS } from './sysctl.js';
export { unitStep } from './unit.js';
export { markedBlockStep, withMarkedBlock } from './marked-block.js';
export { fstabSwapExpression, fstabWithoutSwap, fstabWithSwap, swapOffStep, swapOnStep } from './swap.js';
export { installedPackages, packageStep, purgePackages, type PackageStepOptions } from './package.js';
