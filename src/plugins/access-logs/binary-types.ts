const BINARY = /octet-stream|application\/pdf|image\/|audio\/|video\/|application\/zip|application\/x-gzip/i

/** True for content types whose bodies are not printed. */
export function isBinaryType(contentType: string): boolean {
  return BINARY.test(contentType)
}
