import { mkdir, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { copyBundle, ensureArtifacts } from './artifacts.js';
import { LabError } from './lab-error.js';

const USAGE = `usage: npm run lab -- artifacts DIR [--kubernetes VERSION]...

Writes a bundle directory for kbs (artifacts: { source: bundle, path: DIR }) into the new or empty directory DIR.
Without --kubernetes it holds Kubernetes v1.25.0.
`;

/** `npm run lab -- artifacts DIR`: writes a bundle directory. Returns the exit code. */
export async function runArtifactsCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { kubernetes: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
  });
  const [target, ...more] = positionals;
  if (values.help === true) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (target === undefined || more.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  await mkdir(target, { recursive: true });
  if ((await readdir(target)).length > 0) throw new LabError(`${target} is not empty`, 'name a new or an empty directory');
  const { directory } = await ensureArtifacts(values.kubernetes === undefined ? {} : { kubernetes: values.kubernetes });
  await copyBundle(directory, target);
  process.stdout.write(`${resolve(target)}\n`);
  return 0;
}
