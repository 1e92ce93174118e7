export {
  RUNTIME_TYPES,
  runtimeChoice,
  runtimeChoices,
  usualInstall,
  type RuntimeChoice,
  type RuntimeRequest,
  type RuntimeType,
  type RuntimeWish,
} from './container-runtime.js';
export { etcdTopology, type EtcdTopology } from './etcd-topology.js';
export { hostPort } from './host-port.js';
export {
  BOOTSTRAP_TOKENS,
  CALICO_CONFIG_MAP,
  CALICO_ROUTE_REFLECTOR,
  CERTIFICATE_COPIES,
  CONFIG_MAPS,
  FIELD_MANAGER,
  FLANNEL_DAEMON_SET,
  MIRROR_POD_ANNOTATION,
  NAMESPACES,
  NODE_KEYS,
  POD_NETWORK_ANNOTATION,
  UNITS,
} from './names.js';
export { PACKAGE_ROOT } from './package-root.js';
export { PATHS } from './paths.js';
export { RUNTIME_CLASS_NAMES, runtimeClass, runtimeClassesWith, type RuntimeClassName } from './runtime-classes.js';
export { CALICO_VXLAN_PORT, FLANNEL_UDP_PORT, FLANNEL_VXLAN_PORT, NODE_PORT_RANGE, PORTS } from './ports.js';
