/** `npm run bench` runs every question; `npm run bench journal` one of them. Flags go to the question. */
const questions = ['journal', 'gateway'] as const
type Question = (typeof questions)[number]

const isQuestion = (text: string): text is Question =>
  (questions as readonly string[]).includes(text)

async function runQuestion(question: Question, args: readonly string[]): Promise<void> {
  const { run } = await (question === 'journal' ? import('./journal.ts') : import('./gateway.ts'))
  await run(args)
}

const [first = '', ...rest] = process.argv.slice(2)
if (isQuestion(first)) {
  await runQuestion(first, rest)
} else if (first === '' || first.startsWith('-')) {
  for (const question of questions) await runQuestion(question, process.argv.slice(2))
} else {
  console.error(`Unknown bench "${first}". Choose one of: ${questions.join(', ')}`)
  process.exitCode = 2
}
