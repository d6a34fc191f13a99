/** Docker, containerd and CRI-O all name a container by 64 hex digits; people know it by the first 12. */
const CONTAINER = /[0-9a-f]{64}/

/**
 * The container's id from names of control groups, innermost first (`docker-<id>.scope`,
 * `cri-containerd-<id>.scope`, `/docker/<id>`, `/kubepods/…/<id>`); empty outside containers.
 */
export function containerIdFrom(names: readonly string[]): string {
  for (const name of names) {
    const found = CONTAINER.exec(name)
    if (found) return found[0].slice(0, 12)
  }
  return ''
}

/** The same from the text of `/proc/PID/cgroup`: version 1, 2 and hybrid machines write different lines. */
export function containerIdFromCgroupFile(text: string): string {
  const paths = text.split('\n').map((line) => line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1))
  return containerIdFrom(paths.map((path) => path.split('/').reverse().join('/')))
}
