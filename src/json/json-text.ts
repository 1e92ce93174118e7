/** The value a text stands for; undefined when the text is no JSON, as when somebody else answered than who was asked. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The fields of an object; none when the text is no JSON, or of something else. What they hold is not checked. */
export function jsonFields(text: string): Readonly<Record<string, unknown>> {
  const value = tryParseJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
