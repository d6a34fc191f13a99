import { z } from 'zod'

// What stands in a configuration file besides what a folder of its own reads.

const MacroOptions = z.object({
  name: z.string().min(1, 'expected a name').describe('What rules call, as `name()`.'),
  expr: z.string().min(1, 'expected an expression').describe('Expression that the call stands for.'),
})

/** The `rulekit` section. */
export const RulekitOptions = z.object({
  macros: z.array(MacroOptions).default([]).describe('Expressions with a name, which all rules may call.'),
})

export const TagOptions = z.object({
  key: z.string().min(1, 'expected a key').describe('Key of the tag.'),
  source: z
    .enum(['env', 'k8s.label', 'k8s.annotation', 'container.label'])
    .describe("Where its value is: the process's environment, its pod, or its container."),
  location: z.string().min(1, 'expected a name').describe('Name of the variable, label or annotation.'),
})

const ControlRuleOptions = z.object({
  name: z.string().min(1, 'expected a name').describe('Name of the rule.'),
  expr: z.string().min(1, 'expected an expression').describe('Expression that a connection must match.'),
  actions: z
    .array(
      z
        .string()
        .transform((action) => action.toLowerCase())
        .pipe(z.enum(['allow', 'deny'])),
    )
    .default([])
    .describe('What is done.'),
})

/** The `control` section. */
export const ControlOptions = z.object({
  default: z
    .enum(['allow', ''])
    .default('allow')
    .describe('What is done with connections that no rule matches.'),
  rules: z.array(ControlRuleOptions).default([]).describe('Rules in the order in which they are tried.'),
})

/** The sections of the file; the folders that own them read them. */
export const FileOptions = z.object({
  version: z.unknown().optional().describe('Version of the format. It is `2`, and not looked at.'),
  services: z.unknown().optional().describe('Where events and captured exchanges go.'),
  rulekit: z.unknown().optional().describe('What rules share.'),
  stacks: z.unknown().optional().describe('Plugins to see exchanges, by the name of their stack.'),
  tap: z.unknown().optional().describe('What is captured, and which stack sees it.'),
  tags: z
    .unknown()
    .optional()
    .describe('Tags for connections, from what is known of the process, its container or its pod.'),
  control: z
    .unknown()
    .optional()
    .describe('Which connections are allowed. Checked, but not built yet, and ignored.'),
})
