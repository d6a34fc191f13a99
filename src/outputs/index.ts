export type { Artifact, ArtifactRecord, ConsoleText, Event, Output } from './output.ts'
