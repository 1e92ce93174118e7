// What `npm test` runs: plain JavaScript without dependencies, because nothing may be installed yet.
// Installs what the tests need, builds kbs, runs the vitest projects and sums their results.
// `npm test -- unit cli` runs only these projects. The last line is `N passed, N failed[, N skipped]`.
// On real hosts: what every change is tried with. `--all`: everything once; `--thorough`: in every combination (test/support/depth.ts).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PROJECTS = ['unit', 'golden', 'ssh', 'cli', 'e2e'];
/** How deep the tests on real hosts go, for test/support/depth.ts. */
const DEPTHS = { '--all': 'all', '--thorough': 'thorough' };

/** Programs the tests call, and the Debian packages that bring them; `only` where one project alone needs it. */
const PROGRAMS = [
  { program: 'git', debianPackage: 'git' },
  { program: 'openssl', debianPackage: 'openssl' },
  { program: 'ssh', debianPackage: 'openssh-client', only: ['ssh', 'e2e'] },
  { program: 'sshd', debianPackage: 'openssh-server', only: ['ssh'] },
  { program: 'sudo', debianPackage: 'sudo', only: ['ssh'] },
  { program: 'zsh', debianPackage: 'zsh', only: ['cli'] },
  { program: 'fish', debianPackage: 'fish', only: ['cli'] },
  { program: 'ip', debianPackage: 'iproute2', only: ['e2e'] },
  { program: 'iptables', debianPackage: 'iptables', only: ['e2e'] },
  { program: 'nft', debianPackage: 'nftables', only: ['e2e'] },
  { program: 'systemd-nspawn', debianPackage: 'systemd-container', only: ['e2e'] },
  { program: 'debootstrap', debianPackage: 'debootstrap', only: ['e2e'] },
];

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
process.env.PATH = [
  ...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/go/bin']),
].join(':');

const sum = { passed: 0, failed: 0, skipped: 0 };
/** A line for each failure, for the list at the end. */
const failures = [];
let child;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    child?.kill(signal);
    fail('run', `ended by ${signal}`);
    finish(128 + constants.signals[signal]);
  });
}

await main();

async function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((name) => !PROJECTS.includes(name) && !(name in DEPTHS));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; there are ${[...PROJECTS, ...Object.keys(DEPTHS)].join(', ')}`);
    process.exit(2);
  }
  const wanted = args.filter((name) => PROJECTS.includes(name));
  process.env.KBS_TEST_DEPTH = args.map((name) => DEPTHS[name]).findLast(Boolean) ?? process.env.KBS_TEST_DEPTH ?? 'everyday';
  const projects = PROJECTS.filter((name) => wanted.length === 0 || wanted.includes(name));
  if (installPrograms(projects) && installPackages()) {
    // A type error is a failure, and no reason to keep what the tests have to say about it.
    build();
    await runProjects(projects.filter((project) => project !== 'e2e'));
    if (projects.includes('e2e')) await runHosts();
  }
  finish();
}

function finish(exitCode) {
  if (sum.passed + sum.failed === 0) fail('run', 'no test ran');
  if (failures.length > 0) console.log(`\nFailures:\n${failures.map((line) => `  - ${line}`).join('\n')}`);
  console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  process.exit(exitCode ?? (sum.failed > 0 ? 1 : 0));
}

function fail(where, what) {
  sum.failed += 1;
  failures.push(`${where}: ${what}`);
}

/** Without root nothing can be installed: the tests that miss a program then say so themselves. */
function installPrograms(projects) {
  const needed = PROGRAMS.filter(({ only }) => !only || only.some((project) => projects.includes(project)));
  const missing = needed.filter(({ program }) => !has(program)).map(({ debianPackage }) => debianPackage);
  if (missing.length === 0) return true;
  if (!isRoot || !has('apt-get')) {
    console.log(`not installed: ${missing.join(' ')} (needs root and apt); tests that need them are skipped or fail`);
    return true;
  }
  const apt = ['apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300'];
  const isInstalled = step([...apt, 'update']) && step([...apt, 'install', '-y', '--no-install-recommends', ...missing]);
  if (!isInstalled) fail('run', `apt could not install ${missing.join(' ')}`);
  return isInstalled;
}

function installPackages() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail('run', `Node 20.19 or later is needed, this is ${process.versions.node}`);
    return false;
  }
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs) return true;
  if (step(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'])) return true;
  fail('run', 'npm ci failed');
  return false;
}

function build() {
  if (!step(['npm', 'run', '--silent', 'build'])) fail('run', 'kbs does not build');
}

function step(argv) {
  console.log(`$ ${argv.join(' ')}`);
  const [program, ...args] = argv;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}

/** A cluster that comes up takes the whole machine: what runs on real hosts is a run of its own. */
async function runHosts() {
  const reason = whyNoHosts();
  if (reason === undefined) return runProjects(['e2e']);
  const files = testFiles('e2e').length;
  sum.skipped += files;
  console.log(`\ne2e: ${files} files skipped, because ${reason}`);
}

/** Runs projects side by side. */
async function runProjects(projects) {
  const filled = projects.filter((project) => testFiles(project).length > 0);
  if (filled.length === 0) return;
  const title = filled.join(', ');
  const depth = filled.includes('e2e') ? `, depth: ${process.env.KBS_TEST_DEPTH}` : '';
  console.log(`\n${title}: ${filled.flatMap(testFiles).length} files${depth}`);
  const folder = mkdtempSync(join(tmpdir(), 'kbs-test-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const exitCode = await runVitest(['run', ...filled.flatMap((project) => ['--project', project]), ...reporters]);
    count(title, report, exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Real hosts need namespaces, mounts and cgroups, and their components are compiled. */
function whyNoHosts() {
  if (process.platform !== 'linux') return `hosts can be made on Linux only, this is ${process.platform}`;
  if (!isRoot) return 'hosts can be made by root only';
  if (!has('go')) return 'Go is not installed, and the components of Kubernetes are compiled with it';
  return undefined;
}

function runVitest(args) {
  return new Promise((resolve) => {
    const program = join(ROOT, 'node_modules', '.bin', 'vitest');
    // The command line tests use the build made above instead of making their own.
    const env = { ...process.env, KBS_TEST_BUILT: '1' };
    child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
    child.on('error', (error) => resolve(String(error)));
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

/** Adds up a run; one that breaks without a failed test of its own is a failure too. */
function count(title, report, exitCode) {
  const before = sum.failed;
  if (existsSync(report)) {
    for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) countFile(file);
  }
  if (exitCode !== 0 && sum.failed === before) fail(title, `vitest ended with ${exitCode}${existsSync(report) ? '' : ' without a report'}`);
}

function countFile(file) {
  const name = relative(ROOT, file.name);
  const of = (...statuses) => file.assertionResults.filter((test) => statuses.includes(test.status));
  sum.passed += of('passed').length;
  sum.skipped += of('skipped', 'pending', 'todo', 'disabled').length;
  for (const test of of('failed')) fail(name, `${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  if (file.status === 'failed' && of('failed').length === 0) fail(name, `could not be run: ${firstLine(file.message)}`);
}

function firstLine(text) {
  return String(text ?? '').split('\n')[0] || 'no message';
}

function testFiles(project) {
  const folder = join(ROOT, 'test', project);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.test.ts'));
}

function has(program) {
  return process.env.PATH.split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));
}
