/** A printed line, what is in base64 of it understood, so that a difference can be read. */
export type LineText = Readonly<Record<string, unknown>>

export function readLine(text: string): LineText {
  const { data_base64: data, ...line }: { data_base64?: string } & LineText = JSON.parse(text)
  if (data === undefined) return line
  return { ...line, data: JSON.parse(Buffer.from(data, 'base64').toString('utf8')) }
}
