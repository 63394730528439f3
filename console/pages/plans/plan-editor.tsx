import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { AppliedPlansAnswer } from '../../../src/admin/contract/answers.ts'
import type { PlanPreview, PlansPreviewAnswer } from '../../../src/admin/contract/plans.ts'
import { useCommand } from '../../data/use-command.ts'
import { newIdempotencyKey, write } from '../../data/api.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { TextArea } from '../../ui/fields.tsx'
import { FailureNote, Skeleton } from '../../ui/states.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { toast } from '../../ui/toast-store.ts'
import { PlanForm } from './plan-form.tsx'
import { PlanPreviewList } from './plan-preview.tsx'

/** A preview is asked for once the writer rests. */
const restMs = 400

/** The published plans as a form and as text: both are the same text, and a preview says what it would change. */
export function PlanEditor(props: { readonly content: string; readonly onClose: () => void }) {
  const { content, onClose } = props
  const [text, setText] = useState(content)
  const [kind, setKind] = useState<'form' | 'text'>('form')
  const [isAsking, setAsking] = useState(false)
  /** What it was when the question was asked: once it is published nothing would change any more. */
  const [asked, setAsked] = useState<readonly PlanPreview[]>([])
  const { data: preview, error, isPlaceholderData } = usePreview(useRested(text))
  const publish = useCommand<{ readonly content: string }, AppliedPlansAnswer>('plans')
  const isCurrent = useRested(text) === text && !isPlaceholderData
  const changes = preview?.changes ?? []
  const canPublish = isCurrent && preview?.problems.length === 0 && changes.length > 0
  return (
    <Card
      title="Next version"
      lead="Nothing is changed before you publish."
      actions={
        <>
          <Button onPress={onClose}>Discard</Button>
          <Button
            kind="main"
            isDisabled={!canPublish}
            onPress={() => {
              setAsked(changes)
              setAsking(true)
            }}
          >
            Publish
          </Button>
        </>
      }
    >
      <section aria-label="What would change" aria-live="polite" className="stack">
        <h3>What would change</h3>
        {error !== null ? (
          <FailureNote failure={error} />
        ) : preview === undefined || publish.isPending ? (
          // What is being published stands among the plans before the editor is gone.
          <Skeleton lines={3} />
        ) : (
          <PlanPreviewList preview={preview} />
        )}
      </section>
      <Tabs
        label="How to edit"
        selected={kind}
        onSelect={setKind}
        tabs={[
          {
            id: 'form',
            title: 'Form',
            content: <PlanForm text={text} problems={preview?.problems ?? []} onChange={setText} />,
          },
          {
            id: 'text',
            title: 'JSON',
            content: (
              <TextArea
                label="Plans as JSON"
                hint="The text of a plans file; docs/plans.md has every field, also plans that are a multiple of another."
                value={text}
                onChange={setText}
                rows={22}
                isMono
              />
            ),
          },
        ]}
      />
      <ConfirmDialog
        title="Publish these plans?"
        confirmLabel="Publish"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          const { changed } = await publish.run({ content: text })
          toast(
            changed.length === 0
              ? 'The plans were like that already.'
              : `Published: ${changed.join(', ')}.`,
          )
          onClose()
        }}
      >
        <ul className="plain-list">
          {asked.map(({ planId, name, isNew, version, memberCount }) => (
            <li key={planId}>
              {isNew ? `${name} is a new plan.` : `${name} becomes version ${version}`}
              {isNew
                ? ''
                : memberCount === 0
                  ? '; nobody sits on it.'
                  : `, for ${memberCount} on it.`}
            </li>
          ))}
        </ul>
        <p>
          Changed amounts count for the very next request. A published version is never changed or
          removed; the way back is to publish the old terms as another version.
        </p>
      </ConfirmDialog>
    </Card>
  )
}

function usePreview(text: string) {
  return useQuery({
    queryKey: ['plans-preview', text],
    queryFn: () =>
      write<PlansPreviewAnswer>('plans/preview', {
        body: { content: text },
        idempotencyKey: newIdempotencyKey(),
      }),
    placeholderData: keepPreviousData,
    meta: { everyMs: 15_000 },
  })
}

/** The text as it was when the writer last rested. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), restMs)
    return () => clearTimeout(timer)
  }, [text])
  return rested
}
