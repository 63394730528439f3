/** The known name that a mistyped one most likely means, if any is near. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  // Half the letters wrong is no longer a slip of the finger.
  let bestDistance = Math.min(4, Math.ceil(typed.length / 2))
  for (const name of known) {
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [name, distance]
  }
  return best
}

/** How many letters have to be added, removed or changed (Levenshtein). */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let line = 1; line <= left.length; line++) {
    const next = [line]
    for (let column = 1; column <= right.length; column++) {
      const change = left[line - 1] === right[column - 1] ? 0 : 1
      next[column] = Math.min(
        (row[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (row[column - 1] ?? 0) + change,
      )
    }
    row = next
  }
  return row[right.length] ?? 0
}
