import { z } from 'zod';
import { RUNTIME_TYPES, usualInstall, type RuntimeChoice, type RuntimeWish } from '../constants/index.js';
import { endpointHostProblem, hostAddressProblem } from './checks/address.js';
import { labelKeyProblem, labelValueProblem } from './checks/label.js';
import { dnsName, labels, localPath, port, text } from './schema-fields.js';

const bastion = z
  .strictObject({
    address: text(endpointHostProblem).describe('Name or address of the jump host'),
    user: z.string().min(1).optional().describe('Login user there; default: that of the hosts'),
    port: port.optional().describe('Port of its sshd; default: 22'),
    identityFile: localPath.optional().describe('Private key file for the jump host; default: that of the hosts'),
  })
  .describe('Jump host on the way to the hosts');

const sshFields = {
  user: z.string().min(1).optional().describe('Login user; default: from ~/.ssh/config, else root. Needs sudo when it is not root'),
  port: port.optional().describe('Port of sshd; default: from ~/.ssh/config, else 22'),
  identityFile: localPath.optional().describe('Private key file; default: agent and the usual files'),
  bastion: bastion.optional(),
};

/** How kbs logs in, for all hosts. Secrets have no place here. */
export const ssh = z
  .strictObject({
    ...sshFields,
    knownHostsFile: localPath.optional().describe('File with the accepted host keys; default: ~/.ssh/known_hosts'),
    connectTimeoutSeconds: z.number().int().min(1).max(600).default(20).describe('How long to try to reach a host'),
  })
  .describe('How kbs logs in; passwords are asked for or taken from the environment (KBS_SUDO_PASSWORD)');

const taint = z.strictObject({
  key: text(labelKeyProblem).describe('Key of the taint'),
  value: text(labelValueProblem).optional().describe('Value of the taint'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).describe('What it does to pods that do not tolerate it'),
});

const taints = z.array(taint).superRefine((list, context) => {
  const seen = new Set<string>();
  for (const [index, { key, effect }] of list.entries()) {
    if (seen.has(`${key}:${effect}`)) context.addIssue({ code: 'custom', path: [index], message: `${key}:${effect} is there twice` });
    seen.add(`${key}:${effect}`);
  }
});

const roles = z.array(z.enum(['control-plane', 'worker', 'etcd'])).superRefine((list, context) => {
  if (list.length === 0) context.addIssue({ code: 'custom', message: 'needs at least one role: control-plane, worker or etcd' });
  if (new Set(list).size < list.length) context.addIssue({ code: 'custom', message: 'has a role twice' });
  if (list.includes('etcd') && new Set(list).size > 1) {
    context.addIssue({
      code: 'custom',
      message: 'etcd goes with no other role: a host of etcd is no node; control planes have an etcd of their own',
    });
  }
});

/** A container runtime. */
export const runtimeType = z.enum(RUNTIME_TYPES);

/** Where the programs of a container runtime come from. */
export const runtimeInstall = z
  .enum(['artifact', 'package'])
  .optional()
  .describe('artifact: official release archives; package: the distribution’s. Default: artifact; with docker: package');

/** Says where a runtime comes from when the file does not. */
export function withInstall<Runtime extends RuntimeWish>(runtime: Runtime): Runtime & Pick<RuntimeChoice, 'install'> {
  return { ...runtime, install: runtime.install ?? usualInstall(runtime.type) };
}

const ownRuntime = z.strictObject({
  type: runtimeType.describe('Container runtime of this host'),
  install: runtimeInstall,
});

/** One machine. */
export const host = z.strictObject({
  name: dnsName.describe('Node name; unique'),
  address: text(hostAddressProblem).describe('IPv4 address the other hosts reach it by: advertise address and node IP'),
  sshAddress: text(endpointHostProblem).optional().describe('Name or address for SSH when it differs from `address`'),
  roles: roles
    .default(['worker'])
    .describe('control-plane, worker or both (both: ordinary pods run there too); or etcd alone: a member of etcd and no node'),
  labels: labels.default({}).describe('Node labels'),
  taints: taints.optional().describe('Node taints; default: the control-plane taint on control planes that are not workers'),
  containerRuntime: ownRuntime
    .transform(withInstall)
    .optional()
    .describe('Another container runtime than spec.containerRuntime names, for this host; versions and the rest are those of the cluster'),
  ssh: z.strictObject(sshFields).optional().describe('What differs from spec.ssh for this host'),
});
