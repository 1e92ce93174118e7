// `npm run bench`: plain JavaScript that makes sure kbs is built, then hands over.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(1);
const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
const result = spawnSync(tsx, [join(ROOT, 'test', 'bench', 'bench.ts'), ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
process.exit(result.status ?? 130);
