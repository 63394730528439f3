import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { Select, TextField } from '../../ui/fields.tsx'
import {
  asNumber,
  freeName,
  isFields,
  problemAt,
  textOf,
  withField,
  type NamedFields,
  type Problems,
} from './written-plans.ts'

const units = [
  { value: 'money', label: 'Money' },
  { value: 'tokens', label: 'Tokens' },
  { value: 'requests', label: 'Requests' },
] as const
type Unit = (typeof units)[number]['value']

const windows = [
  { value: 'session', label: 'Session' },
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: 'Month' },
] as const
type WindowKind = (typeof windows)[number]['value']

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

type Props = {
  readonly place: string
  readonly limits: readonly NamedFields[]
  readonly problems: Problems
  readonly onChange: (limits: readonly NamedFields[]) => void
}

export function LimitFields({ place, limits, problems, onChange }: Props) {
  const change = (index: number, next: NamedFields | null): void =>
    onChange(limits.flatMap((one, at) => (at !== index ? [one] : next === null ? [] : [next])))
  const add = (): void => {
    const id = freeName(
      'session',
      limits.map((limit) => limit.id),
    )
    const fields = { money: '1.00', window: { kind: 'session', hours: 5 } }
    onChange([...limits, { id, fields }])
  }
  return (
    <>
      {limits.map((limit, index) => (
        <LimitRow
          // oxlint-disable-next-line react/no-array-index-key -- the place is what stays
          key={index}
          place={`${place}.${limit.id}`}
          limit={limit}
          problems={problems}
          onChange={(next) => change(index, next)}
        />
      ))}
      <div>
        <Button size="small" onPress={add}>
          Add a limit
        </Button>
      </div>
    </>
  )
}

type RowProps = {
  readonly place: string
  readonly limit: NamedFields
  readonly problems: Problems
  readonly onChange: (limit: NamedFields | null) => void
}

function LimitRow({ place, limit, problems, onChange }: RowProps) {
  const { currencySymbol } = useSession()
  const { id, fields } = limit
  const unit: Unit = units.find(({ value }) => fields[value] !== undefined)?.value ?? 'money'
  const set = (next: NamedFields['fields']): void => onChange({ id, fields: next })
  const setAmount = (text: string): void =>
    set({ ...fields, [unit]: unit === 'money' ? text : asNumber(text) })
  const setUnit = (next: Unit): void => {
    const { money: _money, tokens: _tokens, requests: _requests, ...rest } = fields
    set({ [next]: next === 'money' ? '1.00' : 1000, ...rest })
  }
  return (
    <div className="limit-row" role="group" aria-label={`Limit ${id}`}>
      <div className="field-row">
        <TextField
          label="Limit"
          isMono
          value={id}
          problem={problemAt(problems, place)}
          onChange={(value) => onChange({ id: value, fields })}
        />
        <TextField
          label="Amount"
          value={textOf(fields[unit])}
          inputMode={unit === 'money' ? 'decimal' : 'numeric'}
          {...(unit === 'money' ? { prefix: currencySymbol } : {})}
          problem={problemAt(problems, `${place}.${unit}`)}
          onChange={setAmount}
        />
        <Select<Unit> label="Unit" value={unit} onChange={setUnit} options={units} />
        <WindowFields
          place={`${place}.window`}
          fields={isFields(fields['window']) ? fields['window'] : {}}
          problems={problems}
          onChange={(window) => set({ ...fields, window })}
        />
        <TextField
          label="Models"
          value={Array.isArray(fields['models']) ? fields['models'].join(', ') : ''}
          placeholder="all"
          problem={problemAt(problems, `${place}.models`)}
          onChange={(text) => set(withField(fields, 'models', namesIn(text)))}
        />
      </div>
      <div>
        <Button
          size="small"
          kind="quiet"
          label={`Remove the limit ${id}`}
          onPress={() => onChange(null)}
        >
          Remove
        </Button>
      </div>
    </div>
  )
}

/** What is being typed stays as it is: "claude-opus, " is on its way to a second name. */
function namesIn(text: string): readonly string[] | undefined {
  if (text === '') return undefined
  return text.split(',').map((name) => name.replace(/^ /, ''))
}

type WindowProps = Omit<RowProps, 'limit' | 'onChange'> & {
  readonly fields: NamedFields['fields']
  readonly onChange: (fields: NamedFields['fields']) => void
}

function WindowFields({ place, fields, problems, onChange }: WindowProps) {
  const kind: WindowKind = windows.find(({ value }) => value === fields['kind'])?.value ?? 'session'
  const setKind = (next: WindowKind): void =>
    onChange(
      next === 'session'
        ? { kind: next, hours: 5 }
        : next === 'week'
          ? { kind: next, weekday: 'monday', time: '00:00', zone: textOf(fields['zone']) || 'UTC' }
          : { kind: next, zone: textOf(fields['zone']) || 'UTC' },
    )
  const field = (name: string, label: string) => ({
    label,
    value: textOf(fields[name]),
    problem: problemAt(problems, `${place}.${name}`),
    onChange: (text: string) =>
      onChange(withField(fields, name, name === 'hours' ? asNumber(text) : text)),
  })
  return (
    <>
      <Select<WindowKind> label="Within a" value={kind} onChange={setKind} options={windows} />
      {kind === 'session' ? <TextField {...field('hours', 'Hours')} inputMode="numeric" /> : null}
      {kind === 'week' ? (
        <>
          <Select
            label="From"
            value={textOf(fields['weekday']) || 'monday'}
            onChange={(weekday) => onChange({ ...fields, weekday })}
            options={weekdays.map((value) => ({
              value,
              label: `${value.charAt(0).toUpperCase()}${value.slice(1)}`,
            }))}
          />
          <TextField {...field('time', 'At')} />
        </>
      ) : null}
      {kind === 'session' ? null : <TextField {...field('zone', 'Time zone')} />}
    </>
  )
}
