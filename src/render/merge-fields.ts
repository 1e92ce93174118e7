/** Fields of a configuration object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The defaults with the user's fields: objects are merged field by field, lists and single values replaced. */
export function mergeFields(defaults: Fields, given: Fields): Fields {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    const former = merged[name];
    merged[name] = isFields(former) && isFields(value) ? mergeFields(former, value) : value;
  }
  return merged;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
