import { runtimeChoice, usualInstall, type RuntimeChoice, type RuntimeRequest, type RuntimeType } from '../../constants/index.js';
import { containerdRuntime } from './containerd.js';
import { crioRuntime } from './crio.js';
import { dockerRuntime } from './docker.js';
import type { ContainerRuntime } from './types.js';

const RUNTIMES: Readonly<Record<RuntimeType, (choice: RuntimeChoice, request: RuntimeRequest) => ContainerRuntime>> = {
  containerd: containerdRuntime,
  'cri-o': crioRuntime,
  docker: dockerRuntime,
};

/** A runtime that a host has though the cluster file wants another one there; how it was installed is not known. */
export function runtimeOfType(spec: RuntimeRequest, type: RuntimeType): ContainerRuntime {
  const { cgroupDriver } = spec.containerRuntime;
  return RUNTIMES[type]({ type, install: usualInstall(type), cgroupDriver }, spec);
}

/**
 * The container runtime of a host.
 * @param host undefined, or not in the cluster file: what a host has of which the file says nothing else
 */
export function runtimeOf(spec: RuntimeRequest, host?: { readonly name: string }): ContainerRuntime {
  const choice = runtimeChoice(spec, host?.name);
  return RUNTIMES[choice.type](choice, spec);
}
