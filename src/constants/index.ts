export { hostPort } from './host-port.js';
export { CONFIG_MAPS, FIELD_MANAGER, MIRROR_POD_ANNOTATION, NAMESPACES, NODE_KEYS, UNITS } from './names.js';
export { PACKAGE_ROOT } from './package-root.js';
export { PATHS } from './paths.js';
export { FLANNEL_VXLAN_PORT, NODE_PORT_RANGE, PORTS } from './ports.js';
