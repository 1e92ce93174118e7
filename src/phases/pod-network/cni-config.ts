/**
 * flannel's CNI configuration list, the content of 10-flannel.conflist. The same text is in flannel's ConfigMap, whose
 * init container writes it to every node; a node that has it before its kubelet starts is Ready ten seconds earlier.
 */
export function flannelCniConfig(): string {
  const list = {
    name: 'cbr0',
    cniVersion: '0.3.1',
    plugins: [
      { type: 'flannel', delegate: { hairpinMode: true, isDefaultGateway: true } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}
