import { z } from 'zod';
import { valueAt, type DocumentPath } from './document-path.js';
import { clusterFileSchema } from './schema.js';

/** The keywords of JSON Schema (draft 2020-12) that the cluster file makes use of. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
}

let cached: JsonSchema | undefined;

/** JSON Schema (draft 2020-12) of the cluster file as it is written: what has a default may be left out. */
export function clusterFileJsonSchema(): JsonSchema {
  cached ??= {
    title: 'kbs cluster file',
    ...(z.toJSONSchema(clusterFileSchema, { target: 'draft-2020-12', io: 'input' }) as JsonSchema),
  };
  return cached;
}

/** The alternative whose constant fields are those of the value. */
function alternativeFor(schema: JsonSchema, value: unknown): JsonSchema {
  const fits = schema.oneOf?.find((option) =>
    Object.entries(option.properties ?? {}).every(([key, field]) => field.const === undefined || field.const === valueAt(value, [key])),
  );
  return fits ?? schema;
}

/** The part of the schema that a path of a document falls under; undefined where the schema says nothing. */
export function schemaAt(document: unknown, path: DocumentPath): JsonSchema | undefined {
  let schema: JsonSchema | undefined = alternativeFor(clusterFileJsonSchema(), document);
  let value = document;
  for (const key of path) {
    const extra: JsonSchema | undefined = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const next: JsonSchema | undefined = typeof key === 'number' ? schema.items : (schema.properties?.[key] ?? extra);
    if (next === undefined) return undefined;
    value = valueAt(value, [key]);
    schema = alternativeFor(next, value);
  }
  return schema;
}

/** One field of the schema with where it stands: `spec.hosts[].name`. */
export interface SchemaField {
  readonly path: string;
  readonly key: string;
  readonly schema: JsonSchema;
  /** In every alternative, where there are several. */
  readonly isRequired: boolean;
}

/** All fields of the schema, parents before children. */
export function* schemaFields(schema: JsonSchema = clusterFileJsonSchema(), parent = ''): Generator<SchemaField> {
  for (const option of schema.oneOf ?? []) {
    for (const field of schemaFields(option, parent)) {
      yield { ...field, isRequired: schema.oneOf?.every((other) => other.required?.includes(field.key)) ?? false };
    }
  }
  if (schema.items !== undefined) yield* schemaFields(schema.items, `${parent}[]`);
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const path = parent === '' ? key : `${parent}.${key}`;
    yield { path, key, schema: field, isRequired: schema.required?.includes(key) ?? false };
    yield* schemaFields(field, path);
  }
}
