/** Whether a path is a place, or in it. */
export function isAt(path: string): (place: string) => boolean {
  return (place) => path === place || path.startsWith(`${place}/`);
}
