import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ConnectAnswer } from '../../../src/admin/contract/keys.ts'
import { useFilters } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { TextField } from '../../ui/fields.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { OwnKeysCard } from './own-keys-card.tsx'
import { setUps, type SetUpId } from './set-ups.ts'
import { TestCard } from './test-card.tsx'

/** How clients are set up, the keys to do it with, and a message that shows whether it works. */
export function ConnectPage() {
  const [keyText, setKeyText] = useState<string | null>(null)
  const { data, error, refetch } = useQuery({
    queryKey: ['connect'],
    queryFn: ({ signal }) => read<ConnectAnswer>('me/connect', signal),
    meta: { live: 'never' },
  })
  return (
    <Page
      title="Connect"
      lead="Point your client at the gateway and give it a key of yours: everything else stays as it is."
    >
      <OwnKeysCard keyText={keyText} onKey={setKeyText} />
      {data === undefined ? (
        <Card>
          <Pending error={error} refetch={refetch} lines={6} />
        </Card>
      ) : (
        <>
          <SetUpCard connect={data} keyText={keyText} />
          <TestCard connect={data} keyText={keyText} />
        </>
      )}
    </Page>
  )
}

function SetUpCard(props: { readonly connect: ConnectAnswer; readonly keyText: string | null }) {
  const filters = useFilters()
  const [address, setAddress] = useState(() => addressFor(props.connect.gatewayUrl))
  const chosen = setUps.find(({ id }) => id === filters.get('client'))?.id ?? 'claude-code'
  const url = address.trim().replace(/\/+$/, '')
  const key = props.keyText ?? 'plim_…'
  return (
    <Card
      title="Set up a client"
      lead={
        props.keyText === null
          ? 'Put your key in the place of plim_…; a key that you make above stands here by itself.'
          : 'With the key that you just made.'
      }
    >
      <TextField
        label="Address of the gateway"
        value={address}
        onChange={setAddress}
        isMono
        hint="As your machine reaches it; ask your operator where this one does not work."
      />
      <Tabs<SetUpId>
        label="Client"
        selected={chosen}
        onSelect={(client) => filters.set({ client: client === 'claude-code' ? '' : client })}
        tabs={setUps.map(({ id, title, words, code }) => ({
          id,
          title,
          content: (
            <div className="stack">
              {words.map((sentence) => (
                <p key={sentence}>{sentence}</p>
              ))}
              <CodeBlock
                code={code({ url, key, model: props.connect.models[0] ?? '' })}
                what={`set-up of ${title}`}
              />
            </div>
          ),
        }))}
      />
      <Note>
        <p>
          Every answer says in its headers what is left, and every refusal why, until when, and what
          helps. A refusal costs one request and nothing is remembered of it: when there is room
          again, the next message passes.
        </p>
      </Note>
    </Card>
  )
}

/** A server that listens on this machine alone, or on all addresses, is reached by the name that the page has. */
function addressFor(gatewayUrl: string): string {
  if (!URL.canParse(gatewayUrl)) return gatewayUrl
  const url = new URL(gatewayUrl)
  const isAnywhere = ['0.0.0.0', '[::]'].includes(url.hostname)
  if (isAnywhere) url.hostname = location.hostname
  return url.href.replace(/\/$/, '')
}
