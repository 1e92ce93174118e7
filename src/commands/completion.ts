import { Args, type Command } from '@oclif/core';
import { renderCompletion, SHELLS, type CompletedCommand, type CompletedFlag, type Shell } from '../completion/index.js';
import { ERROR_KINDS } from '../errors/index.js';
import { BaseCommand } from './base.js';

interface CompletionResult {
  readonly shell: Shell;
  readonly script: string;
}

const HELP: CompletedFlag = { name: 'help', summary: 'Show help.', value: 'none' };

function completedFlag(flag: Command.Flag.Cached): CompletedFlag {
  const { name, char, summary = '' } = flag;
  const value = flag.type === 'boolean' ? 'none' : (flag.options ?? 'any');
  return { name, summary, value, ...(char === undefined ? {} : { char }) };
}

/** Words of arguments that are not told by the commands themselves. */
async function argumentWords(): Promise<Readonly<Record<string, readonly string[]>>> {
  const { CLUSTER_PHASES } = await import('../operations/index.js');
  return { explain: Object.keys(ERROR_KINDS), 'phase run': CLUSTER_PHASES.map(({ name }) => name) };
}

export default class Completion extends BaseCommand {
  static override summary = 'Print a script that teaches a shell to complete kbs: commands, flags and their values.';
  static override description =
    'The script is made for this version of kbs: make it anew after an update. It asks nothing of kbs while you type.';
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion bash > ~/.local/share/bash-completion/completions/<%= config.bin %>',
    '<%= config.bin %> completion zsh > "${fpath[1]}/_<%= config.bin %>"',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/<%= config.bin %>.fish',
  ];
  static override args = { shell: Args.string({ options: [...SHELLS], required: true, description: 'The shell.' }) };

  async run(): Promise<CompletionResult> {
    const { args, flags } = await this.parse(Completion);
    const shell = args.shell as Shell;
    return this.operate(flags, {
      run: async () => ({ shell, script: renderCompletion(shell, await this.#tree()) }),
      text: ({ script }) => script.trimEnd(),
    });
  }

  async #tree() {
    const words = await argumentWords();
    const commands = this.config.commands
      .filter(({ hidden }) => !hidden)
      .map((command): CompletedCommand => {
        const path = command.id.replaceAll(':', ' ');
        const [argument] = Object.values(command.args);
        return {
          path,
          summary: command.summary ?? '',
          flags: [
            ...Object.values(command.flags)
              .filter(({ hidden }) => hidden !== true)
              .map(completedFlag),
            HELP,
          ],
          words: words[path] ?? argument?.options ?? [],
        };
      });
    const topics = Object.fromEntries(this.config.topics.map(({ name, description = '' }) => [name.replaceAll(':', ' '), description]));
    return { bin: this.config.bin, commands, topics };
  }
}
