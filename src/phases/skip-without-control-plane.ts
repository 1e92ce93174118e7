import { isControlPlane, type RunContext } from './context.js';

/** Objects of the whole cluster belong to operations on control planes: joining a worker touches that worker only. */
export function skipWithoutControlPlane({ hosts }: Pick<RunContext, 'hosts'>): string | undefined {
  return hosts.some(isControlPlane) ? undefined : 'no control plane is worked on';
}
