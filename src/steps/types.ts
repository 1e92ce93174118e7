import type { Secret } from '../secret/index.js';
import type { StepContext } from '../engine/index.js';
import type { Command, Host } from '../host/index.js';

/** What every reusable step is told. */
export interface StepOptions {
  /** Stable identifier, `<aspect>/<thing>`. */
  readonly id: string;
  readonly title: string;
  /** Default: what the kind of step usually needs, generously. */
  readonly timeoutMs?: number;
}

/** A file on this machine whose digest is known. */
export interface LocalFile {
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A small file a host shall have. */
export interface FileSpec {
  readonly path: string;
  /** A Secret is compared by digest and never shown. */
  readonly content: string | Secret;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  /** `user` or `user:group`; default `root:root`. */
  readonly owner?: string;
}

/** A folder a host shall have. */
export interface DirectorySpec {
  readonly path: string;
  /** Permission bits, e.g. 0o755. */
  readonly mode: number;
  /** All that will ever be in it comes from this cluster: where it was absent before, reset removes it with its content. */
  readonly ownTree?: boolean;
}

export interface FilesStepOptions extends StepOptions {
  readonly files: readonly FileSpec[];
  /** `missing`: files that are there are another step's. `present`: those that are not. Default: all are this step's. */
  readonly only?: 'missing' | 'present';
  readonly directories?: readonly DirectorySpec[];
}

export interface RemoveFilesStepOptions extends StepOptions {
  /** Files, links or empty folders; those that are not there are fine. */
  readonly paths: readonly string[];
}

/** A file the process of a unit reads when it starts (program, configuration, unit file). */
export interface UnitInput {
  readonly path: string;
  /** Lower-case hex of what it shall hold: lets `plan` foresee a restart before the file is written. */
  readonly sha256?: string;
}

export interface UnitStepOptions extends StepOptions {
  /** With its suffix: `containerd.service`. */
  readonly unit: string;
  readonly enabled: boolean;
  readonly running: boolean;
  readonly inputs: readonly UnitInput[];
  /** `start`: what runs is left running, however old. `restart`: what does not run is another step's. Default: both are this step's. */
  readonly only?: 'start' | 'restart';
  /** Its package enables and starts it as it is installed: where there is no such unit yet, there is nothing to foresee. */
  readonly comesRunning?: boolean;
  /** How long to wait for active and `ready`; default 60 000. */
  readonly readyTimeoutMs?: number;
  /** true, or false or what was seen instead. Reads only; must not throw for "not yet". */
  readonly ready?: (host: Host, context: StepContext) => Promise<boolean | string>;
}

export interface SysctlStepOptions extends StepOptions {
  /** File in /etc/sysctl.d that keeps the values over a reboot. */
  readonly path: string;
  /** Keys with dots: `net.ipv4.ip_forward`. */
  readonly values: Readonly<Record<string, string>>;
}

/** A part of the kernel that may be a module, built in, or missing. */
export interface KernelModule {
  /** As modprobe takes it: `br_netfilter`. */
  readonly name: string;
  /**
   * What exists only when the kernel can do it, besides /sys/module/NAME and modules.builtin: a path, `path#word` for a word in a
   * file (`/proc/filesystems#overlay`), or `CONFIG_NAME` for a built-in option of the kernel's configuration.
   */
  readonly builtInEvidence?: readonly string[];
}

export interface KernelModulesStepOptions extends StepOptions {
  /** File in /etc/modules-load.d; written only with names that are modules on this host. */
  readonly path: string;
  readonly modules: readonly KernelModule[];
}

export interface UploadStepOptions extends StepOptions {
  readonly files: readonly { readonly source: () => Promise<LocalFile>; readonly to: string; readonly mode: number }[];
}

/** A regular file inside an archive. */
export interface UnpackEntry {
  /** As in the archive, without a leading `./`. */
  readonly name: string;
  readonly mode: number;
  /** Lower-case hex of its content. */
  readonly sha256: string;
}

export interface UnpackStepOptions extends StepOptions {
  /** A tar archive, compressed or not. */
  readonly archive: () => Promise<LocalFile>;
  readonly entries: (file: LocalFile) => Promise<readonly UnpackEntry[]>;
  /** Absolute path on the host for an entry, or undefined to leave it out. */
  readonly target: (name: string) => string | undefined;
}

/** An archive whose whole content becomes one folder. */
export interface ArchiveTree {
  /** Where the folder comes to be. */
  readonly path: string;
  /** The folder in the archive: `opt/kata`. */
  readonly member: string;
  /** Links on the host, by which what is in the tree is found. */
  readonly links: readonly { readonly path: string; readonly to: string }[];
  /** Folders that its programs fill by themselves: where they were absent before, reset removes them with their content. */
  readonly stateTrees: readonly string[];
}

export interface UnpackTreeStepOptions extends StepOptions {
  /** A tar archive in any compression that the host has a program for. */
  readonly archive: () => Promise<LocalFile>;
  readonly tree: ArchiveTree;
}

export interface ImageImportStepOptions extends StepOptions {
  /** References that name the same archive share one import; without an archive the image is pulled. */
  readonly images: readonly { readonly reference: string; readonly archive: () => Promise<LocalFile | undefined> }[];
  readonly runtime: {
    /** Prints one reference a line. */
    readonly list: Command;
    /** Loads an archive on the host; the references are those of its images that the runtime lacks. */
    readonly import: (path: string, references: readonly string[]) => Command;
    readonly pull: (reference: string) => Command;
  };
}

/** A block of lines between two marks in a file that belongs to others. */
export interface MarkedBlockStepOptions extends StepOptions {
  readonly path: string;
  /** Stands in both marks: `# BEGIN <mark>`, `# END <mark>`. */
  readonly mark: string;
  /** No lines: the block is taken out. */
  readonly lines: readonly string[];
  /** Permission bits of a file that was not there; default 0o644. */
  readonly mode?: number;
}
