import { PATHS } from '../constants/index.js';
import { fieldsAt, textAt, type Fields } from './config-fields.js';

/** kubeadm leaves its own default behind as if the user had given it. */
const AUTHORIZATION = { name: 'authorization-mode', value: 'Node,RBAC' } as const;

function componentOf(cluster: Fields, key: string): Fields {
  const { extraArgs, extraVolumes, certSANs } = fieldsAt(cluster, key);
  const args = Object.entries((extraArgs ?? {}) as Readonly<Record<string, string>>).filter(
    ([name, value]) => name !== AUTHORIZATION.name || value !== AUTHORIZATION.value,
  );
  return {
    ...(args.length === 0 ? {} : { extraArgs: Object.fromEntries(args) }),
    ...(Array.isArray(extraVolumes) && extraVolumes.length > 0 ? { extraVolumes } : {}),
    ...(Array.isArray(certSANs) && certSANs.length > 0 ? { certSANs } : {}),
  };
}

function etcdOf(cluster: Fields): Fields {
  const local = fieldsAt(fieldsAt(cluster, 'etcd'), 'local');
  const { extraArgs } = local;
  return {
    ...((textAt(local, 'dataDir') ?? PATHS.etcdDataDir) === PATHS.etcdDataDir ? {} : { dataDir: local['dataDir'] }),
    ...(extraArgs === undefined ? {} : { extraArgs }),
  };
}

/**
 * What a ClusterConfiguration says of API server, controller manager, scheduler and etcd, as the cluster file has it; defaults are left
 * out. What the schema makes of it shows when it is checked. Pure.
 */
export function controlPlaneSettings(cluster: Fields): Fields {
  return {
    apiServer: componentOf(cluster, 'apiServer'),
    controllerManager: componentOf(cluster, 'controllerManager'),
    scheduler: componentOf(cluster, 'scheduler'),
    etcd: etcdOf(cluster),
  };
}
