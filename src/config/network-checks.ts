import type { Draft } from './draft.js';
import type { Problem } from './problem.js';

const CNI = ['spec', 'network', 'cni'] as const;
const ENGINE = ['spec', 'network', 'networkPolicy', 'engine'] as const;

/** Fields that Calico reads, too, or refuses with words of its own. */
const CALICO_SAYS: ReadonlySet<string> = new Set(['backend', 'version', 'mtu', 'interface', 'interfaceCidr']);

/** Fields that flannel alone reads; elsewhere they would only seem to do something. */
const FLANNEL_FIELDS = ['backend', 'version', 'mtu', 'interface', 'interfaceCidr'] as const;

/** What is wrong between the settings of the pod network. */
export function* networkProblems(draft: Draft): Generator<Problem> {
  const type = draft.at(...CNI, 'type') ?? 'flannel';
  if (typeof type !== 'string') return;
  for (const field of FLANNEL_FIELDS) {
    const path = [...CNI, field];
    if (draft.at(...path) !== undefined && type !== 'flannel' && !(type === 'calico' && CALICO_SAYS.has(field)))
      yield { path, atKey: true, message: `has no meaning with type: ${type}, only with flannel` };
  }
  const manifests = draft.at(...CNI, 'manifests');
  if (type === 'custom' && manifests === undefined) {
    yield { path: [...CNI, 'type'], message: 'custom needs manifests: the files that make up the network' };
  }
  if (type !== 'custom' && manifests !== undefined) {
    yield { path: [...CNI, 'manifests'], atKey: true, message: `has no meaning with type: ${type}, only with custom` };
  }
  if (type === 'calico' && (draft.at(...ENGINE) ?? 'none') !== 'none') {
    yield { path: ENGINE, message: 'is one too many: Calico enforces policies itself' };
  }
  if (draft.at(...CNI, 'interface') !== undefined && draft.at(...CNI, 'interfaceCidr') !== undefined) {
    yield { path: [...CNI, 'interfaceCidr'], atKey: true, message: 'says the same as interface: leave one of them out' };
  }
}
