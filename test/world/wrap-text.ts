/** Breaks text at spaces into lines of at most `width` characters; a longer word is cut. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    const isFitting = line.length + 1 + rest.length <= width
    if (line !== '' && isFitting) {
      line = `${line} ${rest}`
      continue
    }
    if (line !== '') lines.push(line)
    while (rest.length > width) {
      lines.push(rest.slice(0, width))
      rest = rest.slice(width)
    }
    line = rest
  }
  lines.push(line)
  return lines
}
