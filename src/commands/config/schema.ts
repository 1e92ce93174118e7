import type { JsonSchema } from '../../config/index.js';
import { BaseCommand } from '../base.js';

export default class ConfigSchema extends BaseCommand {
  static override summary = 'Print the JSON Schema of the cluster file.';
  static override description =
    'Editors complete and check a cluster file with it. It is draft 2020-12; the same document is shipped as schemas/cluster.schema.json.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > cluster.schema.json',
    {
      description: 'First line of a cluster file, for editors with the YAML language server',
      command: 'echo "# yaml-language-server: $schema=cluster.schema.json"',
    },
  ];

  async run(): Promise<JsonSchema> {
    const { flags } = await this.parse(ConfigSchema);
    const { clusterFileJsonSchema } = await import('../../config/index.js');
    return this.operate(flags, {
      run: async () => clusterFileJsonSchema(),
      text: (schema) => JSON.stringify(schema, undefined, 2),
    });
  }
}
