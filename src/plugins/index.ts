export type { Plugin, PluginContext, PluginType, Terminal } from './plugin.ts'
export { PLUGINS } from './registry.ts'
export { type PluginOutputs, type PluginSetting, runPlugins } from './stack.ts'
