/**
 * How often properties are tried: `npm test` tries each a little, and CI sets the environment variable
 * `RUNS_SCALE` to try all of them so many times as often.
 */
const RUNS_SCALE = Number(process.env['RUNS_SCALE'] ?? 1)

/** So many runs in `npm test`. */
export function runs(count: number): number {
  return Math.ceil(count * RUNS_SCALE)
}
