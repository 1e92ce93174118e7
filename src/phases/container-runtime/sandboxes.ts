import type { ClusterSpec } from '../../config/index.js';
import { PATHS, type RuntimeClassName } from '../../constants/index.js';
import { renderRunscConfig } from '../../render/index.js';
import type { ArchiveTree, FileSpec } from '../../steps/index.js';
import type { ComponentVersions } from '../../versions/index.js';
import type { RuntimeArtifact } from './types.js';

/** What comes to a host for the sake of a runtime class. */
interface Sandbox {
  readonly artifacts: (versions: ComponentVersions) => readonly RuntimeArtifact[];
  /** What its shim reads each time a pod starts: no service has to be restarted for it. */
  readonly files: (spec: ClusterSpec) => readonly FileSpec[];
}

/** Links in its archive name each other by their paths: it lies where it was made for. */
const KATA: ArchiveTree = {
  path: PATHS.kataDir,
  member: 'opt/kata',
  links: [{ path: PATHS.kataShimLink, to: PATHS.kataShim }],
  stateTrees: [PATHS.kataStateDir, PATHS.kataRunDir, PATHS.kataSharedDir],
};

const SANDBOXES: Readonly<Record<RuntimeClassName, Sandbox>> = {
  gvisor: {
    artifacts: ({ gvisor }) => [
      { name: 'runsc', version: gvisor, target: PATHS.runscBinary },
      { name: 'containerd-shim-runsc-v1', version: gvisor, target: `${PATHS.localBinDir}/containerd-shim-runsc-v1` },
    ],
    files: ({ gvisor, containerRuntime }) => {
      const content = renderRunscConfig({ ...gvisor, cgroupDriver: containerRuntime.cgroupDriver });
      return [{ path: PATHS.runscConfig, content, mode: 0o644 }];
    },
  },
  kata: {
    artifacts: ({ kata }) => [{ name: 'kata-containers', version: kata, target: KATA }],
    // Its release has the configuration in it.
    files: () => [],
  },
};

/** Programs of sandboxes, their shims among them: a runtime looks for these in its own PATH. */
export function sandboxArtifacts(classes: readonly RuntimeClassName[], versions: ComponentVersions): readonly RuntimeArtifact[] {
  return classes.flatMap((name) => SANDBOXES[name].artifacts(versions));
}

/** Configuration of sandboxes. */
export function sandboxFiles(classes: readonly RuntimeClassName[], spec: ClusterSpec): readonly FileSpec[] {
  return classes.flatMap((name) => SANDBOXES[name].files(spec));
}

/** Folders of sandboxes that go with the runtime. */
export const SANDBOX_TREES: readonly string[] = [KATA.path, ...KATA.stateTrees];

/** Links to programs in {@link SANDBOX_TREES}. */
export const SANDBOX_LINKS: readonly string[] = KATA.links.map(({ path }) => path);

/** Trees of sandboxes that another installer may have left: kbs replaces none that is not its own. */
export function sandboxLeftovers(classes: readonly RuntimeClassName[]): readonly string[] {
  return classes.includes('kata') ? [KATA.path] : [];
}
