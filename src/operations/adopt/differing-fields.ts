import { isFields, type Fields } from '../config-fields.js';

/** What Go writes for a field nobody set. */
function saysNothing(value: unknown): boolean {
  return value === null || value === '' || value === '0s' || (isFields(value) && Object.values(value).every(saysNothing));
}

/**
 * The fields of a document that are other than in the one kbs would write; lists and single values as a whole. Pure.
 * @param omit top-level fields that are told elsewhere
 */
export function differingFields(live: Fields, base: Fields, omit: readonly string[] = []): Fields {
  const entries = Object.entries(live).flatMap(([key, value]): [string, unknown][] => {
    if (omit.includes(key)) return [];
    const other = base[key];
    if (isFields(value)) {
      const inner = differingFields(value, isFields(other) ? other : {});
      return Object.keys(inner).length === 0 ? [] : [[key, inner]];
    }
    if (JSON.stringify(value) === JSON.stringify(other) || (other === undefined && saysNothing(value))) return [];
    return [[key, value]];
  });
  return Object.fromEntries(entries);
}
