import type { Container } from '../../src/capture/index.ts'

/** A container of a pod, as its runtime described it. */
export const SAMPLE_CONTAINER: Container = {
  fullId: '0123456789abcdef'.repeat(4),
  id: '0123456789ab',
  state: 'known',
  facts: {
    runtime: 'containerd',
    name: 'shop',
    image: 'shop:1.2',
    labels: { 'com.example.team': 'blue' },
    pod: {
      name: 'shop-7d4b',
      namespace: 'prod',
      uid: '5f3c2a10-0000-4000-8000-000000000001',
      labels: { app: 'shop' },
      annotations: { note: 'hot' },
    },
  },
}

/** The same before its runtime has answered. */
export const PENDING_CONTAINER: Container = { ...SAMPLE_CONTAINER, state: 'pending', facts: undefined }
