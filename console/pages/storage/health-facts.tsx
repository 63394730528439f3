import type { HealthAnswer } from '../../../src/admin/contract/answers.ts'
import { CodeBlock } from '../../ui/copy.tsx'
import { Note } from '../../ui/states.tsx'

type Fact = HealthAnswer['facts'][number]
const tones = { ok: 'good', warn: 'warn', bad: 'bad' } as const

/** What a check-up found, what comes of it, and the cure; a command of ours is pasted as it is. */
export function HealthFacts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <div className="stack">
      {facts.map((fact) => (
        <Note key={fact.check} tone={tones[fact.status]} title={fact.found}>
          {fact.meaning === null ? null : <p>{fact.meaning}</p>}
          {fact.cure === null ? null : <Cure cure={fact.cure} />}
        </Note>
      ))}
    </div>
  )
}

function Cure({ cure }: { readonly cure: NonNullable<Fact['cure']> }) {
  const run = cure.run === null ? null : cure.run.replace(/^plimsoll /, 'npm run plimsoll -- ')
  return (
    <>
      <p>{cure.say}</p>
      {run === null ? null : <CodeBlock code={run} what="command" />}
    </>
  )
}
