import type { ClusterSpec } from '../../config/index.js';
import { PATHS, runtimeClassesWith, type RuntimeClassName, type RuntimeType } from '../../constants/index.js';
import type { DiskNeed, SandboxNeed } from './types.js';

const GIBIBYTE = 1024 ** 3;

/** The device itself: a module for it may be there on a machine that cannot have it. */
const KVM = '/dev/kvm';

const VIRTUALISATION =
  'turn virtualisation on in the firmware (for a virtual machine: nested, in its hypervisor) and load kvm_intel or kvm_amd';

interface Needs {
  readonly sandbox: (spec: ClusterSpec) => SandboxNeed;
  readonly commands: readonly string[];
  readonly disks: readonly DiskNeed[];
}

/**
 * Source: containerd 1.6 and gVisor's shim for it, SetScore; kata-check_amd64.go of Kata 3.1, whose modules kbs loads where the kernel has
 * them as such. Of Kata 3.1 there are releases for amd64 alone.
 */
const NEEDS: Readonly<Record<RuntimeClassName, Needs>> = {
  gvisor: {
    sandbox: ({ gvisor: { platform } }) => ({
      className: 'gvisor',
      title: platform === 'kvm' ? 'gVisor on platform kvm' : 'gVisor',
      lowersOomScore: true,
      architectures: undefined,
      devices: platform === 'kvm' ? [KVM] : [],
      anyCpuFlag: [],
      cure: `${VIRTUALISATION}, take another gvisor.platform`,
    }),
    commands: [],
    disks: [],
  },
  kata: {
    sandbox: () => ({
      className: 'kata',
      title: 'Kata',
      lowersOomScore: false,
      architectures: ['amd64'],
      devices: [KVM],
      anyCpuFlag: ['vmx', 'svm'],
      cure: VIRTUALISATION,
    }),
    // Its archive is a tar.xz.
    commands: ['xz'],
    disks: [{ path: PATHS.kataDir, sizeBytes: 1.5 * GIBIBYTE, purpose: 'Kata' }],
  },
};

/** What the sandboxes of a host with this container runtime need. Pure. */
export function sandboxNeeds(spec: ClusterSpec, type: RuntimeType) {
  const needs = runtimeClassesWith(type, spec.runtimeClasses).map((name) => NEEDS[name]);
  return {
    sandboxes: needs.map(({ sandbox }) => sandbox(spec)),
    commands: needs.flatMap(({ commands }) => commands),
    disks: needs.flatMap(({ disks }) => disks),
  };
}
