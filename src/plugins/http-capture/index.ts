import { createArtifact, createCanonicalNames, type Level, openRedaction } from '../../outputs/index.ts'
import { type PluginContext, pluginType } from '../plugin.ts'
import { compileRules, type Rule, wantsBodiesBy } from '../rules.ts'
import { isSampled } from '../sampling.ts'
import { HttpCaptureOptions } from './options.ts'

/** What is stored of an exchange. */
interface Setting {
  readonly level: Level | 'none'
  readonly format: HttpCaptureOptions['format']
  /** Of the exchanges it is for. */
  readonly share: number
}

interface SettingRule extends Rule {
  readonly setting: Setting
}

/** Stores every exchange as an object, as much of it as the first rule that matches says. */
export const httpCapture = pluginType({
  type: 'http_capture',
  options: HttpCaptureOptions,
  open(options, context) {
    const { clock, emit, shown, tags } = context
    const { byDefault, rules: settingRules } = settingsOf(options, context.warn)
    const stats = { ruleProblems: 0, leftOutBySampling: 0 }
    const rules = compileRules(settingRules, 'http_capture', context, stats)
    const canonicalName = createCanonicalNames()
    const [objectStore, ...moreStores] = storeIds(options.object_store.id)
    return {
      stats,
      redact: options.redact && openRedaction(options.redact),
      wantsBodies: wantsBodiesBy(rules, (rule) => {
        const { level, share } = rule?.setting ?? byDefault
        return level === 'full' ? share : 0
      }),
      exchange(exchange) {
        const { level, format, share } = rules.first(exchange)?.setting ?? byDefault
        if (level === 'none') return
        if (!isSampled(exchange.id, share)) {
          stats.leftOutBySampling += 1
          return
        }
        const setting = { level, format, objectStore, tags }
        const atMs = clock.bootEpochMs + exchange.endedAt / 1e6
        const artifact = createArtifact(shown(exchange), setting, atMs, canonicalName)
        emit(artifact)
        for (const another of moreStores) emit({ ...artifact, objectStore: another })
      },
    }
  },
})

function settingsOf(options: HttpCaptureOptions, warn: PluginContext['warn']) {
  const byDefault: Setting = {
    level: levelOf(options.level, 'http_capture', warn),
    format: options.format,
    share: options.sample,
  }
  const rules = options.rules.map(({ name, expr, level, format, sample }): SettingRule => {
    const share = sample ?? byDefault.share
    const setting = {
      level: levelOf(level, `rule "${name}"`, warn),
      format: format ?? byDefault.format,
      share,
    }
    return { name, expr, setting }
  })
  return { byDefault, rules }
}

function levelOf(
  level: HttpCaptureOptions['level'],
  place: string,
  warn: PluginContext['warn'],
): Setting['level'] {
  if (level !== 'details') return level
  warn(`${place}: \`details\` level is deprecated, using \`headers\` level instead`)
  return 'headers'
}

/** An empty id means the default store, like none. */
function storeIds(id: string | readonly string[] | undefined): readonly (string | undefined)[] {
  const ids = typeof id === 'string' ? [id] : (id ?? [])
  return ids.length === 0 ? [undefined] : ids.map((one) => one || undefined)
}
