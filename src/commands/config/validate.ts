import { Flags } from '@oclif/core';
import { BaseCommand } from '../base.js';

interface ValidateResult {
  readonly file: string;
  readonly cluster: string;
  readonly kubernetesVersion: string;
  readonly controlPlanes: number;
  readonly workers: number;
  /** `file:line:col path — message` */
  readonly warnings: readonly string[];
}

export default class ConfigValidate extends BaseCommand {
  static override summary = 'Check a cluster file; every problem is shown with its line and column.';
  static override description = [
    'Files that it names (private keys, certificates, a bundle) must exist. No host is contacted.',
    'Exit code 0: valid, perhaps with warnings. Exit code 3: invalid, or it cannot be read.',
  ].join('\n');
  static override examples = [
    '<%= config.bin %> <%= command.id %> -f cluster.yaml',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --output json',
  ];
  static override flags = {
    file: Flags.string({ char: 'f', required: true, helpValue: 'FILE', summary: 'Cluster file.' }),
  };

  async run(): Promise<ValidateResult> {
    const { flags } = await this.parse(ConfigValidate);
    const { controlPlanes, loadClusterFile, workers } = await import('../../config/index.js');
    return this.operate(flags, {
      run: async () => {
        const { file, spec, warnings } = await loadClusterFile(flags.file);
        return {
          file,
          cluster: spec.name,
          kubernetesVersion: spec.kubernetesVersion,
          controlPlanes: controlPlanes(spec).length,
          workers: workers(spec).length,
          warnings,
        };
      },
      text: renderValidation,
    });
  }
}

function renderValidation(result: ValidateResult): string {
  const hosts = `control planes: ${result.controlPlanes}, workers: ${result.workers}`;
  const verdict = `${result.file} is valid: cluster ${result.cluster}, Kubernetes ${result.kubernetesVersion}, ${hosts}`;
  return [verdict, ...result.warnings.map((warning) => `warning: ${warning}`)].join('\n');
}
