import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** An entry as `bpftool` tells it, by the type information of the map. */
export interface MapEntry<Value> {
  readonly key: number
  readonly value: Value
}

/** All entries of the BPF map of this name that a process holds. */
export function mapEntries<Value>(pid: number, name: string): readonly MapEntry<Value>[] {
  const id = mapsOf(pid).find((one) => tell('show', one).name === name)
  if (id === undefined) throw new Error(`process ${pid} has no map ${name}`)
  const entries: readonly { formatted: MapEntry<Value> }[] = tell('dump', id)
  return entries.map(({ formatted }) => formatted)
}

function mapsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fdinfo`
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^map_id:\s+(\d+)/m.exec(readFileSync(`${folder}/${fd}`, 'utf8'))?.[1] ?? []
    } catch {
      return [] // The descriptor with which the folder itself was read.
    }
  })
}

function tell(what: 'show' | 'dump', id: string) {
  return JSON.parse(execFileSync('bpftool', ['-j', 'map', what, 'id', id], { encoding: 'utf8' }))
}
