export {
  type PluginConfig,
  readStacks,
  STACKS_NOT_BUILT,
  type Stacks,
} from './options.ts'
export type { Plugin, PluginContext, PluginType, Terminal } from './plugin.ts'
export { PLUGINS } from './registry.ts'
export { type PluginOutputs, runPlugins } from './stack.ts'
