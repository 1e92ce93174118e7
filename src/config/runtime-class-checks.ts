import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const CLASSES = ['spec', 'runtimeClasses'] as const;

function classesIn(draft: Draft): readonly unknown[] {
  const classes = draft.at(...CLASSES);
  return Array.isArray(classes) ? classes : [];
}

/** What is wrong between sandboxes and the container runtime. */
export function* runtimeClassProblems(draft: Draft): Generator<Problem> {
  const type = draft.at('spec', 'containerRuntime', 'type') ?? 'containerd';
  if (classesIn(draft).length > 0 && typeof type === 'string' && type !== 'containerd') {
    yield { path: CLASSES, atKey: true, message: `go with containerd only: ${type} has no handlers for them` };
  }
}

/** What is allowed and yet probably not meant. */
export function* runtimeClassWarnings(draft: Draft): Generator<Problem> {
  const path = ['spec', 'gvisor'];
  if (draft.at(...path) !== undefined && !classesIn(draft).includes('gvisor')) {
    yield { path, atKey: true, message: 'has no effect without runtimeClasses: [gvisor]' };
  }
}
