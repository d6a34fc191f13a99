/** What kind of content a type stands for, as usage events and `only_categories` say it. */
export type ContentCategory = 'app' | 'css' | 'font' | 'image' | 'js' | 'media' | 'other'

const BY_TYPE: Readonly<Record<string, ContentCategory>> = {
  'text/html': 'app',
  'application/json': 'app',
  'application/grpc': 'app',
  'text/xml': 'app',
  'application/xml': 'app',
  'text/plain': 'app',
  'text/css': 'css',
  'text/javascript': 'js',
}

/** Of a `Content-Type` as it was sent; `other` for none. */
export function categoryOf(contentType: string | undefined): ContentCategory {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type] ?? 'other'
  if (type.startsWith('font')) return 'font'
  if (type.startsWith('image')) return 'image'
  return type.startsWith('audio/') || type.startsWith('video/') ? 'media' : 'other'
}
