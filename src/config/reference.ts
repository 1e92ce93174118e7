import { clusterFileJsonSchema, schemaFields, type JsonSchema, type SchemaField } from './json-schema.js';

function typeOf(schema: JsonSchema): string {
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices !== undefined) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (schema.oneOf !== undefined) return 'object';
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : typeOf(schema.items)}`;
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return schema.additionalProperties.type === 'string' ? 'map of texts' : 'map';
  }
  return schema.type === 'string' ? 'text' : (schema.type ?? 'anything');
}

/** Groups that are on by default show the defaults of their fields instead of `{}`. */
function defaultOf({ schema, isRequired }: SchemaField): string {
  if (isRequired) return '**required**';
  if (schema.default === undefined) return '';
  return schema.properties !== undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
}

function row(field: SchemaField): string {
  const cells = [`\`${field.path}\``, typeOf(field.schema), defaultOf(field), field.schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A field that stands in several alternatives (`artifacts.source`) takes one row with all its values. */
function mergeAlternatives(fields: readonly SchemaField[]): readonly SchemaField[] {
  const byPath = new Map<string, SchemaField>();
  for (const field of fields) {
    const earlier = byPath.get(field.path);
    if (earlier === undefined) byPath.set(field.path, field);
    else {
      const values = [...(earlier.schema.enum ?? [earlier.schema.const]), field.schema.const];
      const meanings = [earlier.schema.description, field.schema.description].filter((meaning) => meaning !== undefined);
      byPath.set(field.path, { ...earlier, schema: { type: 'string', enum: values, description: meanings.join(' · ') } });
    }
  }
  return [...byPath.values()];
}

/** The reference of the cluster file as a markdown table: field, type, default, meaning. */
export function renderConfigReference(): string {
  const fields = mergeAlternatives([...schemaFields(clusterFileJsonSchema())]);
  return ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...fields.map(row), ''].join('\n');
}
