import type { UnreadableAnswer } from '../../src/admin/contract/customers.ts'
import { Note } from './states.tsx'

/** Accounts of a list whose entries are damaged: named where their rows would stand. */
export function UnreadableNote({ accounts }: { readonly accounts: readonly UnreadableAnswer[] }) {
  if (accounts.length === 0) return null
  return (
    <Note
      tone="bad"
      title={
        accounts.length === 1
          ? 'One account cannot be read.'
          : `${accounts.length} accounts cannot be read.`
      }
    >
      {accounts.map(({ id, name, damagedPosition }) => (
        <p key={id}>
          {name ?? id}
          {name === null || name === id ? '' : ` (${id})`}: entry {damagedPosition} of the journal
          is damaged.
        </p>
      ))}
      <DamageRemedy />
    </Note>
  )
}

/** Entries that a list of many accounts had to pass over. */
export function DamagedNote({ positions }: { readonly positions: readonly number[] }) {
  if (positions.length === 0) return null
  const [first] = positions
  return (
    <Note
      tone="bad"
      title={
        positions.length === 1
          ? `Entry ${first} of the journal is damaged and left out.`
          : `${positions.length} entries of the journal are damaged and left out.`
      }
    >
      <DamageRemedy />
    </Note>
  )
}

const DamageRemedy = () => (
  <p>
    Requests of that account are answered “unavailable”; everybody else is served. Whoever runs the
    server: run <code>npm run plimsoll -- verify</code>, keep a copy of the data folder, and restore
    the last backup.
  </p>
)
