import { z } from 'zod'
import { type Components, endpointText, valueSource } from '../base/index.ts'

// Stores that the documents name and this version does not have: their keys are known, so that a file is
// checked whole. When one is built, its schema moves into the folder of the store.

const AxiomOptions = z.object({
  dataset: valueSource.default('qtap-events').describe('Name of the dataset.'),
  token: valueSource.describe('API token.'),
})

const S3Options = z
  .object({
    endpoint: endpointText
      .default('s3.amazonaws.com')
      .describe('`host` or `host:port` of the storage; `{{NAME}}` stands for an environment variable.'),
    bucket: z
      .string({ error: 'bucket is required' })
      .min(1, 'bucket is required')
      .describe('Name of the bucket.'),
    region: z.string().default('us-east-1').describe('Region of the bucket.'),
    access_key: valueSource.optional().describe('Access key; without both keys, those of the machine.'),
    secret_key: valueSource.optional().describe('Secret key; needs `access_key`.'),
    insecure: z.boolean().default(false).describe('Use HTTP instead of HTTPS.'),
    access_url: z
      .string()
      .default('')
      .describe(
        'Address that records give for an object; `{{DIGEST}}`, `{{BUCKET}}`, `{{ENDPOINT}}` and ' +
          '`{{SCHEME}}` are replaced. When empty, `{{SCHEME}}://{{ENDPOINT}}/{{BUCKET}}/{{DIGEST}}`.',
      ),
  })
  .refine(({ access_key, secret_key }) => access_key === undefined || secret_key !== undefined, {
    message: 'secret_key is required when access_key is provided',
  })
  .refine(({ access_key, secret_key }) => secret_key === undefined || access_key !== undefined, {
    message: 'access_key is required when secret_key is provided',
  })

const PulseOptions = z.object({
  url: z.string().default('https://api-pulse.qpoint.io').describe('Address of the service.'),
  endpoint: z.string().optional().describe('The older name of `url`.'),
  token: valueSource.optional().describe('Token of the service.'),
  allow_insecure: z.boolean().default(false).describe('Speak without TLS.'),
})

const QpointOptions = z.object({
  url: z.string().default('https://warehouse.qpoint.io').describe('Address of the warehouse.'),
  token: valueSource.describe('Token of the warehouse.'),
})

const ForTestsOptions = z.looseObject({})

/** Deleting a line is all that this table takes when such a store is built. */
export const EVENT_STORES_NOT_BUILT: Components = {
  axiom: { type: 'axiom', options: AxiomOptions },
  e2e: { type: 'e2e', options: ForTestsOptions },
  pulse: { type: 'pulse', options: PulseOptions },
  'pulse-legacy': { type: 'pulse-legacy', options: PulseOptions },
  'pulse-streaming': { type: 'pulse-streaming', options: PulseOptions },
}

/** The same of object stores. */
export const OBJECT_STORES_NOT_BUILT: Components = {
  e2e: { type: 'e2e', options: ForTestsOptions },
  qpoint: { type: 'qpoint', options: QpointOptions },
  s3: { type: 's3', options: S3Options },
}

/** A client of scanners, which only plugins use that are not built either. */
export const QscanOptions = z
  .object({
    type: z.enum(['disabled', 'stdout', 'client']).default('disabled').describe('What is used.'),
    url: z.string().optional().describe('Address of the service.'),
    token: valueSource.optional().describe('Token of the service.'),
  })
  .describe('Not built yet, and ignored.')
