import { parseArgs } from 'node:util';
import { isRunning } from './boot.js';
import { interactive } from './command.js';
import { enterCommand } from './enter.js';
import { userOf } from './host-disk.js';
import { LabError } from './lab-error.js';
import { type LabHostSpec, createLab, downLab, openLab } from './lab.js';
import { addressOf, gatewayOf, subnetOf } from './addressing.js';
import { operatorDirectory, sshCommand } from './secure-shell.js';
import { type Login, findLab, listLabDisks, listLabs, readHost, readHosts } from './state.js';
import { isAlive } from './processes.js';
import { ensureLabTools } from './tools.js';

/** A command of the lab: takes its arguments, returns the exit code. */
export type LabCommand = (args: readonly string[]) => Promise<number>;

const INTERRUPTED = 130;

/** What `npm run lab` prints without arguments. */
export const HELP = `Real Debian hosts on this machine, for trying and testing kbs.

  npm run lab -- up [N]                start N hosts (default 3): cp1 w1 w2; from 5 on cp1 cp2 cp3 w1 ...
  npm run lab -- up --hosts a,b,c      start hosts of these names
  npm run lab -- status                labs and hosts
  npm run lab -- ssh HOST [-- CMD]     log in to a host as root
  npm run lab -- exec HOST -- CMD      run a command inside a host without ssh
  npm run lab -- operator -- CMD       run a command as the operator, where the hosts can be reached
  npm run lab -- kill|stop|start HOST  cut the power, shut down, boot again
  npm run lab -- add NAME              one more host
  npm run lab -- remove HOST           end a host, delete its disk
  npm run lab -- down [--all]          end the lab (all labs no program uses); nothing is left
  npm run lab -- artifacts DIR         write a bundle directory with all components
  npm run lab -- mirror [DIR]          serve a bundle directory (default: all components) over HTTP inside the lab

  --name LAB     which lab (default: lab)
  --login KIND   root (default), sudo, sudo-password: how the operator logs in to new hosts
  --no-systemd   new hosts without systemd as PID 1
`;

const OPTIONS = {
  name: { type: 'string', default: 'lab' },
  hosts: { type: 'string' },
  login: { type: 'string', default: 'root' },
  'no-systemd': { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
} as const;

function parse(args: readonly string[]) {
  // What follows `--` belongs to the command that is run, options included.
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const { values, positionals } = parseArgs({ args: [...own], options: OPTIONS, allowPositionals: true });
  return { values, positionals, command: end < 0 ? [] : args.slice(end + 1) };
}

function loginOf(text: string): Login {
  if (text === 'root' || text === 'sudo' || text === 'sudo-password') return text;
  throw new LabError(`bad --login ${text}`, 'root, sudo or sudo-password');
}

/** Names of N hosts: one control plane up to four hosts, three from five on, the others workers. */
export function defaultNames(count: number): string[] {
  const controlPlanes = count >= 5 ? 3 : 1;
  return Array.from({ length: count }, (_, index) => (index < controlPlanes ? `cp${index + 1}` : `w${index + 1 - controlPlanes}`));
}

function specs(names: readonly string[], values: { login: string; 'no-systemd': boolean }): LabHostSpec[] {
  return names.map((name) => ({ name, login: loginOf(values.login), systemd: !values['no-systemd'] }));
}

async function up(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const count = Number(positionals[0] ?? 3);
  if (!Number.isInteger(count) || count < 1 || count > 200)
    throw new LabError(`bad number of hosts ${positionals[0] ?? ''}`, 'npm run lab -- up 3');
  const started = Date.now();
  const names = values.hosts === undefined ? defaultNames(count) : values.hosts.split(',').map((name) => name.trim());
  // Ctrl-C while the lab is being made takes down what there is of it; a second one ends the program at once.
  process.once('SIGINT', () => {
    process.stderr.write('lab: interrupted, ending the lab\n');
    void downLab(values.name).finally(() => process.exit(INTERRUPTED));
  });
  const lab = await createLab({ name: values.name, hosts: specs(names, values), outlivesCreator: true });
  process.stderr.write(`lab: ${names.length} hosts after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  await printLab(lab.name);
  const option = lab.name === 'lab' ? '' : ` --name ${lab.name}`;
  process.stderr.write(`\nlook around:  npm run lab -- ssh${option} ${names[0] ?? ''}\nend it:       npm run lab -- down${option}\n`);
  return 0;
}

async function printLab(name: string): Promise<void> {
  const lab = await findLab(name);
  if (lab === undefined) {
    process.stdout.write(`lab ${name}: half made; end it with: npm run lab -- down --name ${name}\n`);
    return;
  }
  process.stdout.write(`lab ${name}  ${subnetOf(lab.subnetNumber)}  operator ${gatewayOf(lab.subnetNumber)} in namespace ${lab.netns}\n`);
  process.stdout.write(`  ssh key ${operatorDirectory(name)}/id_ed25519, known hosts ${operatorDirectory(name)}/known_hosts\n`);
  for (const host of await readHosts(name)) {
    const state = (await isRunning(host)) ? 'on' : 'off';
    process.stdout.write(
      `  ${host.name.padEnd(12)} ${addressOf(lab.subnetNumber, host.number).padEnd(15)} ${userOf(host).padEnd(6)} ${state}\n`,
    );
  }
}

async function status(args: readonly string[]): Promise<number> {
  parse(args);
  const labs = await listLabs();
  if (labs.length === 0) process.stdout.write('no lab is up\n');
  for (const name of labs) await printLab(name);
  return 0;
}

async function ssh(args: readonly string[]): Promise<number> {
  const { values, positionals, command } = parse(args);
  await ensureLabTools();
  const { record, host } = await hostOf(values.name, positionals[0]);
  const terminal = command.length === 0 && process.stdin.isTTY ? ['-t'] : [];
  return interactive([...sshCommand(record, host, terminal), ...(command.length === 0 ? [] : ['--', command.join(' ')])]);
}

async function exec(args: readonly string[]): Promise<number> {
  const { values, positionals, command } = parse(args);
  await ensureLabTools();
  const { host } = await hostOf(values.name, positionals[0]);
  return interactive(await enterCommand(host, command.length === 0 ? ['bash'] : command));
}

async function hostOf(lab: string, name: string | undefined) {
  await openLab(lab);
  const record = await findLab(lab);
  if (name === undefined || record === undefined)
    throw new LabError('which host?', `hosts: ${(await readHosts(lab)).map((host) => host.name).join(' ')}`);
  return { record, host: await readHost(lab, name) };
}

async function operator(args: readonly string[]): Promise<number> {
  const { values, command } = parse(args);
  await ensureLabTools();
  const lab = await openLab(values.name);
  return interactive([...lab.operator, ...(command.length === 0 ? ['bash'] : command)]);
}

function onHost(action: 'kill' | 'stop' | 'start' | 'remove'): LabCommand {
  return async (args) => {
    const { values, positionals } = parse(args);
    await ensureLabTools();
    const { host } = await hostOf(values.name, positionals[0]);
    await (await openLab(values.name))[action](host.name);
    return 0;
  };
}

async function add(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  await ensureLabTools();
  const lab = await openLab(values.name);
  for (const spec of specs(positionals, values)) await lab.add(spec);
  await printLab(values.name);
  return 0;
}

async function down(args: readonly string[]): Promise<number> {
  const { values } = parse(args);
  await ensureLabTools();
  const labs = [...new Set([...(await listLabs()), ...(await listLabDisks())])];
  const chosen = values.all ? labs : labs.filter((lab) => lab === values.name);
  if (chosen.length === 0) {
    process.stderr.write(`lab: nothing to end${labs.length === 0 ? '' : `; labs that are up: ${labs.join(' ')}`}\n`);
    // A lab that was killed in its first moments has left nothing but notes about the machine.
    await downLab(values.name);
  }
  for (const lab of chosen) {
    const creator = (await findLab(lab))?.creator;
    if (values.all && creator !== undefined && (await isAlive(creator))) {
      process.stderr.write(`lab: ${lab} is left alone, process ${creator.pid} uses it; end it with: npm run lab -- down --name ${lab}\n`);
      continue;
    }
    await downLab(lab);
    process.stderr.write(`lab: ${lab} ended\n`);
  }
  return 0;
}

// Loaded on demand: starting a host must not wait for what builds components.
async function artifacts(args: readonly string[]): Promise<number> {
  const { runArtifactsCommand } = await import('./artifacts-command.js');
  return runArtifactsCommand([...args]);
}

async function mirror(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  await ensureLabTools();
  const lab = await openLab(values.name);
  const { serveInLab } = await import('./cli-mirror.js');
  return serveInLab(lab, positionals[0]);
}

/** All commands by name. */
export const COMMANDS: ReadonlyMap<string, LabCommand> = new Map([
  ['up', up],
  ['status', status],
  ['ssh', ssh],
  ['exec', exec],
  ['operator', operator],
  ['kill', onHost('kill')],
  ['stop', onHost('stop')],
  ['start', onHost('start')],
  ['remove', onHost('remove')],
  ['add', add],
  ['down', down],
  ['artifacts', artifacts],
  ['mirror', mirror],
]);
