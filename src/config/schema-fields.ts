import { z } from 'zod';
import { isDnsName } from './checks/address.js';
import { labelKeyProblem, labelValueProblem } from './checks/label.js';

/** A judge of one value: what is wrong with it, without naming the field; undefined when nothing is. */
export type Judge = (value: string) => string | undefined;

/** A text that a judge has to accept. */
export function text(judge: Judge) {
  return z.string().superRefine((value, context) => {
    const problem = judge(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

function pattern(expression: RegExp, expected: string): Judge {
  return (value) => (expression.test(value) ? undefined : `must be ${expected}, not "${value}"`);
}

/** A lower-case DNS name (RFC 1123). */
export const dnsName = text((value) => (isDnsName(value) ? undefined : `must be a lower-case DNS name (RFC 1123), not "${value}"`));

/** A TCP port. */
export const port = z.number().int().min(1).max(65535);

/** A path on this machine: relative to the cluster file, `~` is the home directory. Absolute after loading. */
export const localPath = z.string().min(1);

/** A path on the hosts. */
export const remotePath = text(pattern(/^\/[^\0]*$/, 'an absolute path'));

/** A version of three numbers, as in release archives. */
export const releaseVersion = text(pattern(/^v?\d+\.\d+\.\d+$/, 'a version such as 1.6.28'));

/** A registry, with the folder in it if any, as it begins an image reference. */
export const registryPath = text((value) => {
  if (value.includes('://')) return 'must be without a scheme, as in image names';
  return pattern(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
    'a registry such as registry.example.org/kubernetes',
  )(value);
});

/** A registry's host and port as they begin an image reference. */
export const registryHost = text(
  pattern(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/, 'a registry host such as docker.io or 10.0.0.5:5000'),
);

/** Name of a network interface. */
export const interfaceName = text(pattern(/^[^\s/:]{1,15}$/, 'the name of a network interface'));

/** MTU of pods' interfaces; IPv6 wants the least of it. */
export const podMtu = z.number().int().min(1280).max(65535);

/** An http or https URL. */
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

/** Fields of a Kubernetes configuration object; those that kbs sets itself are refused with the right place for them. */
export function foreignDocument(owned: Readonly<Record<string, string>>) {
  return z.record(
    text((field) => owned[field]),
    z.unknown(),
  );
}

/** Flags of a component: names without dashes; those that kbs sets itself are refused with the right place for them. */
export function flags(owned: Readonly<Record<string, string>> = {}) {
  const nameProblem: Judge = (name) =>
    owned[name] ?? (/^[a-z0-9][a-z0-9-]*$/.test(name) ? undefined : `"${name}" is no flag name: write it without leading dashes`);
  return z.record(text(nameProblem), z.string());
}

/** Labels of a Kubernetes object. */
export const labels = z.record(text(labelKeyProblem), text(labelValueProblem));
