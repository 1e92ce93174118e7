import type { RuntimeType } from '../../constants/index.js';
import type { AnyStep } from '../../engine/index.js';
import type { Host } from '../../host/index.js';
import type { RegistryCredentials } from '../../render/index.js';
import type { ArchiveTree, FileSpec, ImageImportStepOptions, PackageStepOptions } from '../../steps/index.js';
import type { ArtifactName, ComponentVersions } from '../../versions/index.js';
import type { RuntimeTraces } from '../baseline/index.js';
import type { RunContext } from '../context.js';

/** An official release a runtime is installed from: an archive, or a program as it is. */
export interface RuntimeArtifact {
  readonly name: ArtifactName;
  readonly version: string;
  /**
   * Absolute path for an entry of the archive, undefined to leave it out; a path alone: the artifact is the program; a tree: all of the
   * archive, with folders and links.
   */
  readonly target: string | ((name: string) => string | undefined) | ArchiveTree;
}

/** What of the machine decides on a runtime's configuration; the facts of a host are one. */
export type RuntimeMachine = Pick<Host['facts'], 'hasCapSysResource'>;

/** What the files of a runtime are made from. */
export type RuntimeFilesContext = Pick<RunContext, 'spec' | 'images' | 'registryCredentials'>;

/** What is on a host for a runtime's sake: all of it goes when the node gets another one. */
export interface RuntimeBelongings {
  /** Its units, and those of what it works on. */
  readonly units: readonly string[];
  /** Folders it fills by itself. */
  readonly trees: readonly string[];
  /** Whether a file that came through kbs is its. */
  readonly owns: (path: string) => boolean;
  /** Packages it can have come with. */
  readonly packages: readonly string[];
}

/**
 * A container runtime on one host: whatever has to do with the runtime asks here. Made by `runtimeOf` from the cluster file.
 */
export interface ContainerRuntime {
  readonly type: RuntimeType;
  /** As people call it. */
  readonly title: string;
  /** Where kubelet and crictl find it: `unix:///…`. */
  readonly criSocket: string;
  /** Unit the kubelet's socket belongs to. */
  readonly unit: string;
  /** Units whose journals tell why a pod does not start, the most telling one first. */
  readonly evidenceUnits: readonly string[];
  /** Units of the distribution that may be there already, because kbs makes use of them. */
  readonly welcomeUnits: readonly string[];
  /** Where images and containers lie. */
  readonly stateDir: string;
  /** Packages that would have to leave for those it needs. */
  readonly conflicts: readonly string[];
  /** Files of another installation, as patterns of the shell, that it would read with its own. */
  readonly leftovers: readonly string[];
  /** What it leaves on a host besides what is recorded of every host; undefined: nothing. */
  readonly traces: RuntimeTraces | undefined;
  /** However it was installed. */
  readonly belongings: RuntimeBelongings;
  /** Its packages start it as they are installed: it shall find its configuration then. */
  readonly isConfiguredFirst: boolean;
  /** What comes from the distribution; undefined: nothing. */
  readonly packages: Omit<PackageStepOptions, 'id' | 'title'> | undefined;
  /** What comes from official releases. */
  readonly artifacts: (versions: ComponentVersions) => readonly RuntimeArtifact[];
  /** Everything it reads, and crictl's configuration. */
  readonly files: (context: RuntimeFilesContext, machine: RuntimeMachine) => Promise<readonly FileSpec[]>;
  /** Where mirrors and CAs of registries are among {@link files}: a folder with one for each registry. */
  readonly registriesDir: string;
  /** What the kubelet reads for it: credentials, where the runtime itself keeps none. */
  readonly kubeletFiles: (credentials: readonly RegistryCredentials[]) => readonly FileSpec[];
  /** Paths that {@link unit} reads when it starts. */
  readonly inputs: readonly string[];
  /** Starts its units, or restarts those that are older than one of these files. */
  readonly unitSteps: (files: readonly FileSpec[]) => readonly AnyStep[];
  readonly images: ImageImportStepOptions['runtime'];
  /** true, or what is seen instead of an answer over the CRI socket. Reads only. */
  readonly answersCri: (host: Host) => Promise<true | string>;
}
