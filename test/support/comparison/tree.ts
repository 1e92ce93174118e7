/** Facts as a tree: what two clusters are compared by. */
export type Facts = string | number | boolean | null | { readonly [name: string]: Facts };

/** One place where two trees of facts differ; absent on a side that has nothing there. */
export interface Difference {
  /** Names from the root, joined by ` › `. */
  readonly place: string;
  readonly kubeadm?: Facts;
  readonly kbs?: Facts;
}

/** Separates names in a place: it occurs in no path, object name or field. */
const SEPARATOR = ' › ';

/** A list as a tree: by flag for command lines, by name for named items, else by position. */
function listFacts(items: readonly unknown[]): Facts {
  const nameOf = (item: unknown): string | undefined => {
    if (typeof item === 'string') return /^(--[a-z0-9-]+)=/.exec(item)?.[1];
    if (item === null || typeof item !== 'object' || !('name' in item)) return undefined;
    return typeof item.name === 'string' ? item.name : undefined;
  };
  const names = items.map(nameOf);
  const isNamed = items.length > 0 && names.filter((name) => name !== undefined).length >= items.length - 1;
  const isUnique = new Set(names).size === names.length;
  return Object.fromEntries(
    items.map((item, index) => {
      const name = isNamed && isUnique ? names[index] : undefined;
      // The value of a flag is what is behind the name it is filed under.
      const value = name !== undefined && typeof item === 'string' ? item.slice(name.length + 1) : item;
      return [name ?? `[${index}]`, toFacts(value)];
    }),
  );
}

/** Parsed YAML or JSON as facts. */
export function toFacts(value: unknown): Facts {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : listFacts(value);
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    return entries.length === 0 ? '{}' : Object.fromEntries(entries.map(([name, field]) => [name, toFacts(field)]));
  }
  throw new Error(`not a value of YAML or JSON: a ${typeof value}`);
}

/** Every place where two trees differ; where a side lacks a branch the branch is one difference. */
export function compareFacts(kubeadm: Facts | undefined, kbs: Facts | undefined, place: readonly string[] = []): readonly Difference[] {
  if (isBranch(kubeadm) && isBranch(kbs)) {
    const names = [...new Set([...Object.keys(kubeadm), ...Object.keys(kbs)])].sort();
    return names.flatMap((name) => compareFacts(kubeadm[name], kbs[name], [...place, name]));
  }
  if (kubeadm === kbs) return [];
  return [{ place: place.join(SEPARATOR), ...(kubeadm === undefined ? {} : { kubeadm }), ...(kbs === undefined ? {} : { kbs }) }];
}

function isBranch(facts: Facts | undefined): facts is { readonly [name: string]: Facts } {
  return typeof facts === 'object' && facts !== null;
}
