import { useQuery } from '@tanstack/react-query'
import type { SettingAnswer, SettingsAnswer } from '../../../src/admin/contract/desk.ts'
import { useFilters } from '../../data/address.ts'
import { read } from '../../data/api.ts'
import { DemoWorldCard } from '../customers/demo-world-card.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { Checkbox, TextField } from '../../ui/fields.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { valueWords } from './value-words.ts'
import './settings-page.css'

/** Every setting with its value and who said it. They are read once, at the start, and changed there. */
export function SettingsPage() {
  const filters = useFilters()
  const { data, error, refetch } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => read<SettingsAnswer>('settings', signal),
    meta: { live: 'never' },
  })
  const wanted = filters.get('search').toLowerCase()
  const isOnlySet = filters.get('set') === 'yes'
  const rows = (data?.settings ?? []).filter(
    ({ name, sentence, flag, source }) =>
      (!isOnlySet || source !== 'default') &&
      `${name} ${flag} ${sentence}`.toLowerCase().includes(wanted),
  )
  return (
    <Page
      title="Settings"
      lead="As this server runs with them. A flag goes before the environment, that before the settings file, that before the default; to change one, say it there and start again."
    >
      <DemoWorldCard />
      <Card>
        <div className="settings-filters" role="search" aria-label="Filters">
          <TextField
            label="Search"
            type="search"
            value={filters.get('search')}
            onChange={(search) => filters.set({ search })}
          />
          <Checkbox
            label="Only what somebody set"
            isChecked={isOnlySet}
            onChange={(isOn) => filters.set({ set: isOn ? 'yes' : '' })}
          />
        </div>
        {data === undefined ? (
          <Pending error={error} refetch={refetch} lines={10} />
        ) : rows.length === 0 ? (
          <EmptyState title={isOnlySet ? 'Everything has its default.' : 'No such setting.'} />
        ) : (
          <div className="settings-table">
            <Table label="Settings" columns={columns} rows={rows} rowKey={({ name }) => name} />
          </div>
        )}
      </Card>
    </Page>
  )
}

const columns: readonly Column<SettingAnswer>[] = [
  {
    id: 'name',
    heading: 'Setting',
    cell: ({ name, sentence, takes }) => (
      <div>
        <div className="strong">{name}</div>
        <div className="soft">
          <Sentence text={`${sentence} Takes ${takes}.`} />
        </div>
      </div>
    ),
  },
  {
    id: 'value',
    heading: 'Value',
    cell: ({ name, value }) => (
      <>
        <code>{value}</code> <span className="soft">{valueWords(name, value)}</span>
      </>
    ),
  },
  { id: 'source', heading: 'From', cell: (setting) => <Source setting={setting} /> },
  {
    id: 'how',
    heading: 'How to say it',
    cell: ({ flag, variables }) => (
      <span className="how">
        {[flag, ...variables].map((way) => (
          <code key={way}>{way}</code>
        ))}
      </span>
    ),
  },
]

/** Words in backticks are what one writes. */
function Sentence({ text }: { readonly text: string }) {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))
}

const sourceWords = {
  flag: 'Flag',
  environment: 'Environment',
  file: 'File',
  default: 'Default',
  derived: 'Follows from others',
} as const

function Source({ setting }: { readonly setting: SettingAnswer }) {
  const { source, where, defaultText } = setting
  const isDefault = source === 'default'
  return (
    <div>
      <Badge tone={isDefault ? 'plain' : 'accent'}>{sourceWords[source]}</Badge>
      <br />
      <span className="soft wrap-anywhere">
        {where}
        {isDefault
          ? null
          : `${where === null ? '' : '; '}default ${defaultText.replaceAll('`', '')}`}
      </span>
    </div>
  )
}
