import type { CheckSubject, PreflightCheck, SandboxNeed } from './types.js';

function missingOf({ architectures, devices, anyCpuFlag }: SandboxNeed, { host, findings }: CheckSubject): readonly string[] {
  const { architecture } = host.facts;
  const hasFlag = anyCpuFlag.length === 0 || anyCpuFlag.some((flag) => !findings.missingCpuFlags.has(flag));
  return [
    ...devices.filter((device) => findings.missingDevices.has(device)).map((device) => `${device} that can be opened`),
    ...(hasFlag ? [] : [`CPU flag ${anyCpuFlag.join(' or ')}`]),
    ...(architectures === undefined || architectures.includes(architecture)
      ? []
      : [`${architectures.join(' or ')} (the machine is ${architecture})`]),
  ];
}

function problemsOf(need: SandboxNeed, subject: CheckSubject): readonly string[] {
  const { title, className, cure, lowersOomScore } = need;
  const leaveOut = `or leave ${className} out of runtimeClasses`;
  const missing = missingOf(need, subject);
  return [
    ...(lowersOomScore && !subject.host.facts.hasCapSysResource
      ? [
          `process 1 lacks CAP_SYS_RESOURCE, and ${title}’s shim gives itself a negative oom_score_adj — use a machine or an outer container that has it, ${leaveOut}`,
        ]
      : []),
    ...(missing.length === 0 ? [] : [`${title} needs ${missing.join(', and ')} — ${cure}, ${leaveOut}`]),
  ];
}

/** Whether a host can have the sandboxes of the cluster file. */
export const SANDBOX_CHECK: PreflightCheck = {
  name: 'Sandboxes',
  level: 'error',
  appliesTo: ({ sandboxes }) => sandboxes.length > 0,
  run(subject) {
    const problems = subject.input.sandboxes.flatMap((need) => problemsOf(need, subject));
    return problems.length === 0 ? undefined : problems.join('; ');
  },
};
