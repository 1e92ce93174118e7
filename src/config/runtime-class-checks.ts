import { RUNTIME_CLASS_NAMES, RUNTIME_TYPES, runtimeClass, runtimeClassesWith } from '../constants/index.js';
import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const CLASSES = ['spec', 'runtimeClasses'] as const;

function classesIn(draft: Draft): readonly unknown[] {
  const classes = draft.at(...CLASSES);
  return Array.isArray(classes) ? classes : [];
}

/** What is wrong between sandboxes and the container runtime. */
export function* runtimeClassProblems(draft: Draft): Generator<Problem> {
  const written = draft.at('spec', 'containerRuntime', 'type') ?? 'containerd';
  const type = RUNTIME_TYPES.find((known) => known === written);
  if (type === undefined) return;
  const wanted = RUNTIME_CLASS_NAMES.filter((name) => classesIn(draft).includes(name));
  const able = runtimeClassesWith(type, wanted);
  for (const name of wanted.filter((each) => !able.includes(each))) {
    const why = type === 'docker' ? 'cri-dockerd, through which the kubelet asks docker, has no handlers' : `${type} has no handler for it`;
    yield { path: CLASSES, atKey: true, message: `${name} goes with ${runtimeClass(name).runtimes.join(' or ')} only: ${why}` };
  }
}

/** What is allowed and yet probably not meant. */
export function* runtimeClassWarnings(draft: Draft): Generator<Problem> {
  const path = ['spec', 'gvisor'];
  if (draft.at(...path) !== undefined && !classesIn(draft).includes('gvisor')) {
    yield { path, atKey: true, message: 'has no effect without runtimeClasses: [gvisor]' };
  }
}
