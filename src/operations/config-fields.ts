/** Fields of a configuration document. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value has fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of another, or an empty one. */
export function fieldsAt(value: Fields, key: string): Fields {
  const inner = value[key];
  return isFields(inner) ? inner : {};
}

/** Text that is not empty. */
export function textAt(value: Fields, key: string): string | undefined {
  const text = value[key];
  return typeof text === 'string' && text !== '' ? text : undefined;
}
