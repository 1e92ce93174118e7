import { isDnsName } from './address.js';

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** What is wrong with the key of a label or taint; undefined when nothing is. Source: apimachinery IsQualifiedName */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) return `"${key}" is no valid key: at most one "/" (prefix/name)`;
  if (parts.length === 2 && !isDnsName(parts[0] ?? '')) return `"${key}" is no valid key: its prefix must be a lower-case DNS name`;
  if (!NAME.test(name)) {
    return `"${key}" is no valid key: the name must have 1 to 63 letters, digits, "-", "_", "." and begin and end with a letter or digit`;
  }
  return undefined;
}

/** What is wrong with the value of a label or taint; undefined when nothing is. Source: apimachinery IsValidLabelValue */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || NAME.test(value)) return undefined;
  return `"${value}" is no valid value: at most 63 letters, digits, "-", "_", "." that begin and end with a letter or digit`;
}
