/** A CRI socket as a path: /var/run is a link to /run. */
export function plainSocket(socket: string): string {
  return socket.replace(/^unix:\/\//, '').replace(/^\/var\/run\//, '/run/');
}
