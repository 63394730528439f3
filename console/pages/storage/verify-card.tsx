import { useState } from 'react'
import type { VerifyReport } from '../../../src/admin/contract/answers.ts'
import type { Json } from '../../../src/admin/contract/json.ts'
import type { StorageAnswer } from '../../../src/admin/contract/desk.ts'
import { useLongWork } from '../../data/use-long-work.ts'
import { count, plural } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { ProgressBar } from '../../ui/meter.tsx'
import { Ago } from '../../ui/moment.tsx'
import { FailureNote, Note } from '../../ui/states.tsx'

type Progress = { readonly done: number; readonly total: number }
type Report = Json<VerifyReport>

/** Recomputes everything from the journal and compares; puts stored sums right where somebody says so. */
export function VerifyCard({ lastVerify }: { readonly lastVerify: StorageAnswer['lastVerify'] }) {
  const { work, start } = useLongWork<Progress, Report>('verify')
  const [isAsking, setAsking] = useState(false)
  const isRunning = work.state === 'running'
  return (
    <Card
      title="Verify"
      lead="Recomputes every chain, sum and hold from the journal. The server goes on serving; a large journal takes minutes."
    >
      {lastVerify === null ? (
        <p className="soft">Not since this start.</p>
      ) : (
        <p>
          Last <Ago atMs={lastVerify.atMs} />:{' '}
          {lastVerify.faultCount + lastVerify.driftCount === 0
            ? 'everything right.'
            : `${plural(lastVerify.faultCount, 'fault')}, ${plural(lastVerify.driftCount, 'difference')}.`}
        </p>
      )}
      {work.state === 'running' ? (
        <ProgressBar
          label="Verifying"
          done={work.progress?.done ?? 0}
          total={work.progress?.total ?? 1}
        />
      ) : null}
      {work.state === 'failed' ? <FailureNote failure={work.failure} /> : null}
      {work.state === 'done' ? (
        <Result report={work.report} onHeal={() => setAsking(true)} />
      ) : null}
      <div className="row">
        <Button isPending={isRunning} onPress={() => void start({ isHealing: false })}>
          Verify now
        </Button>
        {work.state === 'running' && work.progress !== null ? (
          <span className="soft small number">
            {count(work.progress.done)} of {count(work.progress.total)}
          </span>
        ) : null}
      </div>
      <ConfirmDialog
        title="Put stored sums right?"
        confirmLabel="Put them right"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          void start({ isHealing: true })
          return Promise.resolve()
        }}
      >
        <p>
          Stored sums that differ are written anew from the journal, and each difference is recorded
          in it. The journal itself is never changed, and no decision rested on these sums.
        </p>
      </ConfirmDialog>
    </Card>
  )
}

function Result({ report, onHeal }: { readonly report: Report; readonly onHeal: () => void }) {
  const { faults, drifts, isHealed, entryCount, memberCount, customerCount } = report
  const looked = `${plural(entryCount, 'entry', 'entries')} of ${plural(customerCount, 'customer')} and ${plural(memberCount, 'member')}`
  if (faults.length > 0) {
    return (
      <Note
        tone="bad"
        title={`The journal itself is damaged: ${plural(faults.length, 'fault')}.`}
        isAlert
      >
        <ul className="faults">
          {faults.slice(0, 20).map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
        <p>
          Nothing puts this right but a backup: stop the server, keep the data folder as it is, and
          restore the last backup (below). Customers without damage go on being served.
        </p>
      </Note>
    )
  }
  if (drifts.length === 0) {
    return (
      <Note tone="good" title="Everything is right.">
        <p>{looked} recomputed; nothing differs.</p>
      </Note>
    )
  }
  if (isHealed) {
    return (
      <Note tone="good" title={`${plural(drifts.length, 'difference')} put right.`}>
        <p>{looked} recomputed. The differences are in the journal and in the list below.</p>
      </Note>
    )
  }
  return (
    <Note
      tone="warn"
      title={`${plural(drifts.length, 'stored sum')} differ from the journal.`}
      isAlert
    >
      <ul className="faults">
        {drifts.slice(0, 20).map(({ where, field, stored, recomputed }) => (
          <li key={`${where} ${field}`}>
            {where}, {field}: stored {stored}, right is {recomputed}
          </li>
        ))}
      </ul>
      <p>The journal is sound, and it is what decides.</p>
      <Button onPress={onHeal}>Put them right…</Button>
    </Note>
  )
}
