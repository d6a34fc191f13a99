export { type ExpressionCheck, meantBy, openExpressionCheck } from './expression-check.ts'
export { declareHttpMetrics } from './http-metrics/instruments.ts'
export {
  PLUGINS_NOT_BUILT,
  type PluginConfig,
  PluginOptions,
  readStacks,
  StackOptions,
  type Stacks,
} from './options.ts'
export type { Plugin, PluginContext, PluginType, Terminal } from './plugin.ts'
export { PLUGINS } from './registry.ts'
export { isRuleField, RULE_FIELDS, type RuleField } from './rule-fields.ts'
export { type PluginOutputs, type Processing, runPlugins } from './stack.ts'
export { storedFields } from './stored-fields.ts'
