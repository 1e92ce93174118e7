import { waitFor, type StepContext } from '../../engine/index.js';
import type { KubeApi, KubeObject } from '../../kube/index.js';

const SERVED_WITHIN_MS = 60_000;

function isServed(definition: KubeObject | undefined): boolean {
  const status = definition?.['status'] as { conditions?: readonly { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false;
}

/** Objects of a kind can be made only when the API server serves it. @throws KbsError WAIT_TIMEOUT */
export async function waitForDefinitions(
  api: KubeApi,
  definitions: readonly KubeObject[],
  { signal }: Pick<StepContext, 'signal'>,
): Promise<void> {
  if (definitions.length === 0) return;
  await waitFor({
    what: 'the API server to serve the pod network’s kinds',
    forMs: SERVED_WITHIN_MS,
    signal,
    probe: async () => {
      const live = await api.list({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' });
      const waiting = definitions.filter(({ metadata }) => !isServed(live.find((found) => found.metadata.name === metadata.name)));
      return waiting.length === 0
        ? { done: true, value: true }
        : { done: false, seen: `${waiting.length} of ${definitions.length} missing` };
    },
  });
}
