/** `npm run bench` runs every question; `npm run bench journal` one of them. Flags go to the question. */
const questions: Readonly<
  Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>>
> = {
  journal: () => import('./journal.ts'),
  log: () => import('./log.ts'),
  verify: () => import('./verify.ts'),
  'heavy-reads': () => import('./heavy-reads.ts'),
  gateway: () => import('./gateway.ts'),
  checkpoint: () => import('./checkpoint.ts'),
  'hot-customer': () => import('./hot-customer.ts'),
  assertions: () => import('./assertions.ts'),
}

async function runQuestion(question: string, args: readonly string[]): Promise<void> {
  await (await questions[question]?.())?.run(args)
}

const [first = '', ...rest] = process.argv.slice(2)
if (Object.hasOwn(questions, first)) {
  await runQuestion(first, rest)
} else if (first === '' || first.startsWith('-')) {
  for (const question of Object.keys(questions)) await runQuestion(question, process.argv.slice(2))
} else {
  console.error(`Unknown bench "${first}". Choose one of: ${Object.keys(questions).join(', ')}`)
  process.exitCode = 2
}
