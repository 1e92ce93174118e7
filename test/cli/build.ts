import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Before the command line tests: builds what they run, unless `npm test` has just done it. */
export function setup(): void {
  if (process.env['KBS_TEST_BUILT'] === '1') return;
  const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`kbs does not build:\n${build.stdout}${build.stderr}`);
}
