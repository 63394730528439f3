import { useState, type FormEvent } from 'react'
import type { BackupReport } from '../../../src/admin/contract/answers.ts'
import type { StorageAnswer } from '../../../src/admin/contract/desk.ts'
import { useLongWork } from '../../data/use-long-work.ts'
import { count, plural, size } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { Card, Facts } from '../../ui/card.tsx'
import { Checkbox, TextField } from '../../ui/fields.tsx'
import { ProgressBar } from '../../ui/meter.tsx'
import { Ago } from '../../ui/moment.tsx'
import { FailureNote, Note } from '../../ui/states.tsx'

type Progress = { readonly phase: 'copy' | 'check'; readonly done: number; readonly total: number }

/** Writes one file that holds the whole journal, and checks it before it gets its name. */
export function BackupCard(props: {
  readonly lastBackup: StorageAnswer['lastBackup']
  readonly dataFolder: string
}) {
  const { lastBackup, dataFolder } = props
  const { work, start } = useLongWork<Progress, BackupReport>('backup')
  const [file, setFile] = useState(() => `${parentOf(dataFolder)}plimsoll-backup.db`)
  const [isReplacing, setReplacing] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    void start({ file: file.trim(), isReplacing })
  }
  return (
    <Card
      title="Backup"
      lead="One file with everything at one moment, written while the server serves, checked as verify does, and only then given its name."
    >
      {lastBackup !== null ? (
        <p>
          Last <Ago atMs={lastBackup.atMs} />, up to entry {count(lastBackup.position)}.
        </p>
      ) : work.state === 'done' ? null : (
        <Note tone="warn">There is no backup of this journal yet.</Note>
      )}
      <form className="stack" onSubmit={submit}>
        <TextField
          label="File, on the server’s machine"
          value={file}
          onChange={setFile}
          isMono
          hint="A whole path outside the data folder; best on another disk."
        />
        <Checkbox
          label="Replace an older backup at this path"
          isChecked={isReplacing}
          onChange={setReplacing}
        />
        <div className="row">
          <Button
            type="submit"
            isPending={work.state === 'running'}
            isDisabled={file.trim() === ''}
          >
            Back up now
          </Button>
        </div>
      </form>
      {work.state === 'running' ? (
        <>
          <p className="soft small">
            {work.progress?.phase === 'check' ? 'Checking it' : 'Copying'}
          </p>
          <ProgressBar
            label="Backing up"
            done={work.progress?.done ?? 0}
            total={work.progress?.total ?? 1}
          />
        </>
      ) : null}
      {work.state === 'failed' ? <FailureNote failure={work.failure} /> : null}
      {work.state === 'done' ? <Result report={work.report} /> : null}
    </Card>
  )
}

function Result({ report }: { readonly report: BackupReport }) {
  return (
    <Note tone="good" title="Written, checked and found right.">
      <Facts
        rows={[
          ['File', <code key="file">{report.file}</code>],
          ['Size', size(report.bytes)],
          [
            'Holds',
            `${plural(report.position, 'entry', 'entries')} of ${plural(report.customerCount, 'customer')}`,
          ],
          ['SHA-256', <code key="sum">{report.sha256}</code>],
        ]}
      />
    </Note>
  )
}

/** Beside the data folder is a place that exists and is not in it. */
function parentOf(folder: string): string {
  const bare = folder.replace(/[\\/]+$/, '')
  return bare.slice(0, Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1)
}
