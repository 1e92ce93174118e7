/** Where in a document: keys and list indexes from its root. */
export type DocumentPath = readonly (string | number)[];

/** A path as people write it: `spec.hosts[1].labels["a/b"]`. */
export function formatPath(path: DocumentPath): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  return parts.join('').replace(/^\./, '');
}

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(document: unknown, path: DocumentPath): unknown {
  let value = document;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
