/** A text as a search looks at it: capitals and accents make no difference, so "ines" finds "Inês". */
export const plainText = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().trim()
