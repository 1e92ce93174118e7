// Bundles kbs with what it depends on: a run loads some dozen files instead of a thousand small ones, which took more of the processor
// than most of its work. Each command is a file of its own; what several need is in shared chunks; what is imported late stays so.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const commands = join(root, 'src', 'commands');
/** What commands have in common and what they print is no command. */
const isCommand = (path) => path.endsWith('.ts') && !/(^|\/)base\.ts$|-(command|text)\.ts$/.test(path);

// Chunks of former builds would stay: their names have a digest.
rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  entryPoints: readdirSync(commands, { recursive: true, encoding: 'utf8' })
    .filter(isCommand)
    .map((path) => join(commands, path)),
  outbase: join(root, 'src'),
  outdir: join(root, 'dist'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: `node${/\d+\.\d+/.exec(engines.node)[0]}`,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  // oclif finds commands by their classes, ssh2 loads a program of its own, and listr2 asks questions only where it is installed.
  external: ['@oclif/core', 'ssh2', 'enquirer', '@listr2/prompt-adapter-*'],
  // What CommonJS packages among the dependencies find in the module around them.
  banner: {
    js: [
      "import { createRequire as createRequireForBundle } from 'node:module';",
      "import { dirname as dirnameForBundle } from 'node:path';",
      "import { fileURLToPath as pathForBundle } from 'node:url';",
      'const require = createRequireForBundle(import.meta.url);',
      'const __filename = pathForBundle(import.meta.url);',
      'const __dirname = dirnameForBundle(__filename);',
    ].join(''),
  },
  logLevel: 'warning',
});
