import answers from '../fixtures/container-answers.json' with { type: 'json' }

/** What Docker 20.10 and containerd 1.6 answered about two containers, one of Docker and one of a pod. */
export const DOCKER_ANSWERS = answers.docker

export const CONTAINERD_ANSWERS = {
  namespaces: bytesOf(answers.containerd.namespaces),
  get: bytesOf(answers.containerd.get),
  getOfDocker: bytesOf(answers.containerd.getOfDocker),
  events: answers.containerd.events.map(bytesOf),
} as const

export const CRI_ANSWERS = {
  version: bytesOf(answers.cri.version),
  containers: bytesOf(answers.cri.containers),
  sandboxes: bytesOf(answers.cri.sandboxes),
  sandboxStatus: bytesOf(answers.cri.sandboxStatus),
  containerStatus: bytesOf(answers.cri.containerStatus),
} as const

/** Ids of the containers these answers are about. */
export const DOCKER_ID = '7cfc8d5c162f428a303cbbdc584d631167f654f49d669e3425bee10dcf98ffca'
export const POD_CONTAINER_ID = '36c48d43ad43d4172b29713443f7ebe93a995babe90db17ddd3c7304672d47ec'
export const SANDBOX_ID = '9de9ff9dcf4ba057da9df24571d2308378bb77292a9b17f30c8cda555925d8d4'

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}
