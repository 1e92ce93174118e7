import type { RuntimeType } from './container-runtime.js';

interface RuntimeClassFacts {
  /** As people call it. */
  readonly title: string;
  /** Its name in the configuration of a container runtime. */
  readonly handler: string;
  /** Container runtimes it works with. */
  readonly runtimes: readonly RuntimeType[];
  /** Label of nodes that have it. */
  readonly nodeLabel: string;
  /** What each pod takes besides its containers. */
  readonly overhead?: { readonly cpu: string; readonly memory: string };
}

/**
 * Sandboxes that pods can ask for by a RuntimeClass of this name. Source: gVisor documents containerd 1.x only; overhead of Kata on QEMU
 * and its runtimes from its own deployment, kata-deploy 3.1.
 */
const RUNTIME_CLASSES = {
  gvisor: { title: 'gVisor', handler: 'runsc', runtimes: ['containerd'], nodeLabel: 'kbs.dev/gvisor' },
  kata: {
    title: 'Kata',
    handler: 'kata',
    runtimes: ['containerd', 'cri-o'],
    nodeLabel: 'kbs.dev/kata',
    overhead: { cpu: '250m', memory: '160Mi' },
  },
} as const satisfies Readonly<Record<string, RuntimeClassFacts>>;

/** A runtime class, as the cluster file names it. */
export type RuntimeClassName = keyof typeof RUNTIME_CLASSES;

/** All of them, in the order of the table. */
export const RUNTIME_CLASS_NAMES = ['gvisor', 'kata'] as const satisfies readonly RuntimeClassName[];

/** What the table says of a class. */
export function runtimeClass(name: RuntimeClassName): RuntimeClassFacts {
  return RUNTIME_CLASSES[name];
}

/** Those of the wanted classes that a host with this container runtime has, in the order of the table. */
export function runtimeClassesWith(type: RuntimeType, wanted: readonly string[] = []): readonly RuntimeClassName[] {
  return RUNTIME_CLASS_NAMES.filter((name) => wanted.includes(name) && runtimeClass(name).runtimes.includes(type));
}
