// First step of `npm run quickstart`: plain JavaScript without dependencies, because nothing may be installed yet.
// It looks whether this machine can run the lab, installs kbs's own dependencies, builds kbs, and hands over.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const OWN_HOSTS = `
The same on your own hosts (any Linux with systemd and sshd), from any machine with Node 20.19 or later:

  npm ci && npm run build
  cat > cluster.yaml <<'EOF'
  apiVersion: kbs.dev/v1alpha1
  kind: Cluster
  spec:
    hosts:
      - { name: cp1, address: 10.0.0.11, roles: [control-plane] }
      - { name: w1, address: 10.0.0.21 }
  EOF
  node bin/run.js init -f cluster.yaml
  node bin/run.js join -f cluster.yaml
`;

function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** What this machine lacks, a sentence each. */
function missing() {
  const lacks = [];
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) lacks.push(`Node 20.19 or later (this is ${process.versions.node})`);
  if (process.platform !== 'linux') lacks.push('Linux: the hosts are made with systemd-nspawn');
  else if (process.getuid?.() !== 0) lacks.push('root: hosts need network namespaces, mounts and cgroups (try: sudo npm run quickstart)');
  if (process.platform === 'linux' && !has('apt-get')) lacks.push('Debian or a relative with apt-get');
  if (!has('go')) lacks.push('Go 1.22 or later in PATH: the Kubernetes components are compiled from their modules');
  return lacks;
}

function run(argv, what) {
  process.stderr.write(`quickstart: ${what} (${argv.join(' ')})\n`);
  const [program, ...args] = argv;
  const result = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    process.stderr.write(`quickstart: ${argv.join(' ')} ended with ${result.status ?? result.signal}\n`);
    process.exit(1);
  }
}

function newerThan(file, than) {
  return existsSync(file) && statSync(file).mtimeMs >= statSync(than).mtimeMs;
}

const lacks = missing();
if (lacks.length > 0) {
  process.stderr.write('quickstart: this machine lacks\n');
  for (const lack of lacks) process.stderr.write(`  - ${lack}\n`);
  process.stderr.write(OWN_HOSTS);
  process.exit(1);
}
if (!newerThan(join(ROOT, 'node_modules', '.package-lock.json'), join(ROOT, 'package-lock.json'))) {
  run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], 'installing dependencies');
}
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
run(['npm', 'run', '--silent', 'build'], `building kbs ${version}`);
const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
const result = spawnSync(tsx, [join(ROOT, 'test', 'lab', 'quickstart.ts'), ...process.argv.slice(2)], {
  cwd: process.cwd(),
  stdio: 'inherit',
});
process.exit(result.status ?? 130);
