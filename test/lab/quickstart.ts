import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureArtifacts } from './artifacts.js';
import { interactive, output } from './command.js';
import { LabError } from './lab-error.js';
import { createLab, downLab, openLab, type Lab } from './lab.js';
import { labClusterFile } from './lab-cluster-file.js';
import { report } from './report.js';
import { listLabs } from './state.js';

const LAB = 'quickstart';
const DIRECTORY = resolve('kbs-quickstart');
const KBS = resolve(import.meta.dirname, '..', '..', 'bin', 'run.js');

/** Shows a command as the user would type it, then runs it where the hosts can be reached. */
async function show(lab: Lab, shown: string, argv: readonly string[]): Promise<void> {
  process.stderr.write(`\n$ ${shown}\n`);
  const exitCode = await interactive([...lab.operator, ...argv]);
  if (exitCode !== 0) throw new LabError(`${shown} ended with exit code ${exitCode}`, `the hosts are still there: npm run lab -- status`);
}

async function down(): Promise<number> {
  if ((await listLabs()).includes(LAB)) await downLab(LAB);
  await rm(DIRECTORY, { recursive: true, force: true });
  report('quickstart: cluster and hosts are gone');
  return 0;
}

async function up(): Promise<number> {
  const { directory: bundle } = await ensureArtifacts();
  const names = ['cp1', 'w1', 'w2'];
  const lab = (await listLabs()).includes(LAB)
    ? await openLab(LAB)
    : await createLab({ name: LAB, hosts: names.map((name) => ({ name })), outlivesCreator: true });
  report(`3 bare hosts: ${lab.hosts.map((host) => `${host.name} ${host.address}`).join(', ')}`);
  await mkdir(DIRECTORY, { recursive: true });
  const clusterFile = join(DIRECTORY, 'cluster.yaml');
  const kubeconfig = join(DIRECTORY, 'admin.conf');
  await writeFile(clusterFile, labClusterFile(lab, { name: LAB, artifacts: { source: 'bundle', path: bundle } }));
  const kbs = [process.execPath, KBS];
  await show(lab, `kbs init -f ${clusterFile}`, [...kbs, 'init', '-f', clusterFile]);
  await show(lab, `kbs join -f ${clusterFile}`, [...kbs, 'join', '-f', clusterFile]);
  await show(lab, `kbs kubeconfig get -f ${clusterFile} --to ${kubeconfig}`, [
    ...kbs,
    'kubeconfig',
    'get',
    '-f',
    clusterFile,
    '--to',
    kubeconfig,
  ]);
  const kubectl = (await output(['find', bundle, '-name', 'kubectl'])).trim().split('\n')[0] ?? 'kubectl';
  await show(lab, 'kubectl get nodes -o wide', [kubectl, '--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'wide']);
  process.stderr.write(`
The cluster lives. Look around:
  npm run lab -- operator --name ${LAB} -- ${kubectl} --kubeconfig ${kubeconfig} get pods -A
  npm run lab -- operator --name ${LAB} -- node bin/run.js status -f ${clusterFile}
  npm run lab -- ssh --name ${LAB} cp1
End it:
  npm run quickstart -- --down
`);
  return 0;
}

const { values } = parseArgs({ options: { down: { type: 'boolean', default: false } } });
try {
  process.exitCode = await (values.down ? down() : up());
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`quickstart: ${error.message}\n${error.remedy === undefined ? '' : `  ${error.remedy}\n`}`);
  process.exitCode = 1;
}
