import { parseAllDocuments, parseDocument, stringify } from 'yaml';

/** YAML 1.1 is what Go's parser reads: there `yes`, `off` and `1:30` are no texts unless they are quoted. */
const SCHEMA = 'yaml-1.1';

/** Keys sorted, sequences not indented: as Kubernetes writes its files. Ends with a newline. */
export function printYaml(value: unknown): string {
  return stringify(value, { schema: SCHEMA, sortMapEntries: true, indentSeq: false, lineWidth: 0 });
}

/** A scalar in one line, quoted where it has to be. */
export function printYamlScalar(value: string | number | boolean): string {
  const isOneLine = typeof value !== 'string' || !/[\n\r]/.test(value);
  return isOneLine ? stringify(value, { schema: SCHEMA, lineWidth: 0 }).trimEnd() : JSON.stringify(value);
}

/** Why a text is no YAML document, with the position; undefined when it is one. */
export function yamlProblem(text: string): string | undefined {
  return parseDocument(text, { schema: SCHEMA }).errors[0]?.message;
}

/** The values of all documents of a text. @throws Error with the position when it is no YAML */
export function parseYamlStream(text: string): readonly unknown[] {
  const documents = parseAllDocuments(text, { schema: SCHEMA });
  return Array.from(documents, (document): unknown => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as unknown;
  });
}
