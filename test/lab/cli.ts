import { COMMANDS, HELP } from './cli-commands.js';
import { LabError } from './lab-error.js';

/** Exit code for wrong arguments, as kbs itself uses it. */
const USAGE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  const command = COMMANDS.get(name);
  if (command === undefined) {
    process.stderr.write(`lab: there is no command ${name}\n\n${HELP}`);
    return USAGE;
  }
  try {
    return await command(rest);
  } catch (error) {
    if (error instanceof LabError) {
      process.stderr.write(`lab: ${error.message}\n${error.remedy === undefined ? '' : `     ${error.remedy}\n`}`);
      return 1;
    }
    if (error instanceof TypeError && (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true) {
      process.stderr.write(`lab: ${error.message}\n`);
      return USAGE;
    }
    throw error;
  }
}

// Whoever reads only the first lines has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await main(process.argv.slice(2));
