/** What is different on every host by its nature, made the same: the lab's network, and moments in names. */
export function neutral(text: string): string {
  return (
    text
      .replaceAll(/\b10\.66\.\d+\./g, '10.66.x.')
      .replaceAll(/kubelet-client-[\d-]{19}\.pem/g, 'kubelet-client-<time>.pem')
      // The kubelet's own serving certificate names its host and the second it was made in.
      .replaceAll(/@\d{10}\b/g, '@<time>')
  );
}
