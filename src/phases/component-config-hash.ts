import { sha256Of } from '../steps/index.js';

const ANNOTATION = 'kubeadm.kubernetes.io/component-config.hash';

/**
 * The annotation that tells `kubeadm upgrade` that nobody has touched a component's configuration, so that it may write a
 * new one; none when the user has. Source: kubeadm v1.25 componentconfigs/checksums.go.
 */
export function componentConfigAnnotation(
  data: Readonly<Record<string, string>>,
  isUserSupplied: boolean,
): { readonly annotations?: Readonly<Record<string, string>> } {
  if (isUserSupplied) return {};
  const texts = Object.keys(data)
    .sort()
    .map((key) => data[key])
    .join('');
  return { annotations: { [ANNOTATION]: `sha256:${sha256Of(texts)}` } };
}
