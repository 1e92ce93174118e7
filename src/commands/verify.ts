import { writeFile } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import type { VerifyResult } from '../operations/index.js';
import { clusterFlags, ClusterCommand } from './cluster-command.js';

/** Less would find fault with every cluster. */
const LEAST_MS = 10_000;
/** Exit code of PROOF_FAILED. */
const EXIT_FAILED = 7;

export default class Verify extends ClusterCommand {
  static override summary = 'Prove that the cluster does what it must: a row for each proof. Takes away what it makes.';
  static override description = `quick: nodes, pods to pods, services and names. full: also NodePorts, host ports, exec, attach, logs, port-forward,
ConfigMaps, Secrets, workloads, volumes, access control, custom resources and the API itself.
Exit code 7 when a row is red; the row names the edge that is broken.`;
  static override examples = [
    '<%= config.bin %> verify -f cluster.yaml',
    '<%= config.bin %> verify -f cluster.yaml --profile quick',
    '<%= config.bin %> verify -f cluster.yaml --timeout 5m',
    '<%= config.bin %> verify -f cluster.yaml --junit verify.xml --output json',
  ];
  static override flags = {
    ...clusterFlags,
    profile: Flags.option({
      options: ['quick', 'full'] as const,
      default: 'full',
      summary: 'How much is proven; quick is what init, join and apply end with.',
    })(),
    timeout: Flags.string({
      default: '75s',
      helpValue: 'DURATION',
      summary: 'How long it may take, such as 90s or 5m. With more time every row has more patience: for hosts that are slow or busy.',
    }),
    junit: Flags.string({ helpValue: 'FILE', summary: 'Write the rows as JUnit XML too.' }),
  };

  async run(): Promise<VerifyResult> {
    const { flags } = await this.parse(Verify);
    const [{ verifyText }, { junitXml }] = await Promise.all([import('./verify-text.js'), import('../ui/index.js')]);
    return this.operate<VerifyResult>(flags, {
      run: async (session) => {
        const { parseTimeLimit, verifyCluster } = await import('../operations/index.js');
        const timeoutMs = parseTimeLimit('--timeout', flags.timeout, LEAST_MS);
        const input = await this.openCluster(session, flags);
        const result = await verifyCluster(input, { profile: flags.profile, timeoutMs });
        if (flags.junit !== undefined) await writeFile(flags.junit, junitXml(`kbs verify ${result.cluster}`, junitCases(result)));
        return result;
      },
      text: verifyText,
      exit: ({ ok }) => (ok ? 0 : EXIT_FAILED),
    });
  }
}

function junitCases({ rows }: VerifyResult) {
  return rows.map(({ check, edge, status, ms, detail }) => ({ group: check, name: edge, status, ms, detail }));
}
