import { writeFile } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import { KbsError } from '../../errors/index.js';
import { BaseCommand } from '../base.js';

interface InitResult {
  /** Absent when the text went to standard output. */
  readonly file?: string;
  readonly content: string;
}

export default class ConfigInit extends BaseCommand {
  static override summary = 'Write a commented cluster file to start from.';
  static override description = 'Without addresses it is an example to edit. An existing file is left alone unless --force is given.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > cluster.yaml',
    '<%= config.bin %> <%= command.id %> -f cluster.yaml --control-plane 10.0.0.11 --worker 10.0.0.21 --worker 10.0.0.22 --ssh-user core',
  ];
  static override flags = {
    file: Flags.string({ char: 'f', helpValue: 'FILE', summary: 'File to write; default: standard output.' }),
    force: Flags.boolean({ dependsOn: ['file'], summary: 'Replace the file if it is there.' }),
    name: Flags.string({ default: 'kubernetes', helpValue: 'NAME', summary: 'Name of the cluster.' }),
    'kubernetes-version': Flags.string({ default: 'v1.25.16', helpValue: 'VERSION', summary: 'Version of Kubernetes.' }),
    'control-plane': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ADDRESS',
      summary: 'Address of a control plane.',
    }),
    worker: Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: 'ADDRESS', summary: 'Address of a worker.' }),
    endpoint: Flags.string({ helpValue: 'HOST[:PORT]', summary: 'Control-plane endpoint; needed with several control planes.' }),
    'ssh-user': Flags.string({ default: 'root', helpValue: 'USER', summary: 'Login user on the hosts.' }),
  };

  async run(): Promise<InitResult> {
    const { flags } = await this.parse(ConfigInit);
    const { parseClusterFile, parseEndpoint, renderClusterFile } = await import('../../config/index.js');
    const hasAddresses = flags['control-plane'] !== undefined || flags.worker !== undefined;
    return this.operate(flags, {
      run: async () => {
        const content = renderClusterFile({
          name: flags.name,
          kubernetesVersion: flags['kubernetes-version'],
          controlPlanes: flags['control-plane'] ?? ['10.0.0.11'],
          workers: flags.worker ?? (hasAddresses ? [] : ['10.0.0.21', '10.0.0.22']),
          endpoint: flags.endpoint === undefined ? undefined : parseEndpoint(flags.endpoint),
          sshUser: flags['ssh-user'],
        });
        requireValid(() => parseClusterFile(content, flags.file ?? 'cluster.yaml', { baseDirectory: process.cwd() }));
        if (flags.file === undefined) return { content };
        await writeNew(flags.file, content, flags.force);
        return { file: flags.file, content };
      },
      text: ({ file, content }) => (file === undefined ? content : `wrote ${file}; next: kbs config validate -f ${file}`),
    });
  }
}

function requireValid(parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    if (!(cause instanceof KbsError)) throw cause;
    throw new KbsError('USAGE', 'the flags make no valid cluster file', {
      details: cause.details,
      remedy: ['kbs config init --help'],
      cause,
    });
  }
}

async function writeNew(file: string, content: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, content, { flag: isForced ? 'w' : 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const message = isThere ? `${file} is there already` : `cannot write ${file}: ${String(cause)}`;
    throw new KbsError('FILE_WRITE', message, { remedy: isThere ? ['add --force to replace it'] : [], cause });
  }
}
