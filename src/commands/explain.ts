import { Args } from '@oclif/core';
import { ERROR_KINDS, EXPLANATIONS, KbsError, type ErrorCode, type Explanation } from '../errors/index.js';
import { renderTable, type Session } from '../ui/index.js';
import { BaseCommand } from './base.js';

interface ExplainedCode extends Explanation {
  readonly code: ErrorCode;
  readonly title: string;
  readonly exit: number;
  readonly retryable: boolean;
}

interface ExplainResult {
  readonly codes: readonly ExplainedCode[];
}

export default class Explain extends BaseCommand {
  static override summary = 'Tell more about an error code: what it means, what causes it, what to do.';
  static override description = 'Every error of kbs names its code. Without a code, all codes are listed with their exit codes.';
  static override examples = ['<%= config.bin %> <%= command.id %> SSH_HOST_KEY', '<%= config.bin %> <%= command.id %>'];
  static override args = {
    code: Args.string({ description: 'Error code, as an error message shows it; upper or lower case.' }),
  };

  async run(): Promise<ExplainResult> {
    const { args, flags } = await this.parse(Explain);
    return this.operate(flags, {
      run: async () => ({ codes: args.code === undefined ? ALL_CODES.map(explain) : [explain(parseCode(args.code))] }),
      text: (result, session) => {
        const [first, ...rest] = result.codes;
        return first && rest.length === 0 ? renderOne(first, session) : renderList(result.codes, session);
      },
    });
  }
}

const ALL_CODES = Object.keys(ERROR_KINDS) as readonly ErrorCode[];

function explain(code: ErrorCode): ExplainedCode {
  const { title, exit, retryable } = ERROR_KINDS[code];
  return { code, title, exit, retryable, ...EXPLANATIONS[code] };
}

function parseCode(text: string): ErrorCode {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const found = ALL_CODES.find((code) => code === wanted);
  if (found) return found;
  const words = wanted.split('_');
  const similar = ALL_CODES.filter((code) => code.split('_').some((word) => words.includes(word)));
  throw new KbsError('USAGE', `there is no error code ${text}`, {
    remedy: [...similar.map((code) => `kbs explain ${code}`), 'kbs explain'],
  });
}

function renderOne(one: ExplainedCode, { style }: Session): string {
  const list = (heading: string, lines: readonly string[]): string =>
    [style.bold(heading), ...lines.map((line) => `  - ${line}`)].join('\n');
  const facts = `exit code ${one.exit}${one.retryable ? '; reads are tried again by kbs itself' : ''}`;
  return [
    `${style.bold(one.code)}: ${one.title} ${style.dim(`(${facts})`)}`,
    one.meaning,
    list('Usual causes', one.causes),
    list('What to do', one.actions),
  ].join('\n\n');
}

function renderList(codes: readonly ExplainedCode[], session: Session): string {
  const rows = codes.map(({ code, exit, title }) => [code, String(exit), title]);
  return renderTable([{ header: 'code' }, { header: 'exit', align: 'right' }, { header: 'meaning' }], rows, {
    header: session.style.dim,
    ...(session.width === undefined ? {} : { width: session.width }),
  });
}
