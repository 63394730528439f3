import { useState } from 'react'
import { enterKey } from '../../data/credential.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/fields.tsx'

/** The way in for a member that has a key and no account. */
export function KeyForm({ hasFirstFocus }: { readonly hasFirstFocus: boolean }) {
  const [key, setKey] = useState('')
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        if (key.trim() !== '') enterKey(key.trim())
      }}
    >
      <TextField
        label="Your key"
        type="password"
        value={key}
        onChange={setKey}
        placeholder="plim_…"
        hint="It stays in this tab, and goes nowhere but to this server."
        isMono
        isRequired
        hasFirstFocus={hasFirstFocus}
      />
      <Button kind={hasFirstFocus ? 'main' : 'plain'} type="submit">
        Show my usage
      </Button>
    </form>
  )
}
