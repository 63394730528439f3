import { useId, type ReactNode } from 'react'
import './field.css'

/**
 * Fields of a form: native controls with a label, a hint, and what is wrong. Native ones, because a phone's own
 * keyboard and list are better than anything drawn, and they weigh nothing.
 */
type FieldProps = {
  readonly label: string
  readonly hint?: ReactNode
  /** What is wrong with the value, in a sentence. */
  readonly problem?: string | null
  readonly isDisabled?: boolean
  readonly isRequired?: boolean
  /** The name stays readable by screen readers; for filters whose meaning is plain to see. */
  readonly isLabelHidden?: boolean
}

type TextKind = 'text' | 'password' | 'email' | 'search' | 'date' | 'datetime-local'

export type TextFieldProps = FieldProps & {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly type?: TextKind
  readonly placeholder?: string
  readonly autoComplete?: string
  readonly inputMode?: 'text' | 'decimal' | 'numeric' | 'email' | 'search'
  readonly lengthMax?: number
  /** For ids, keys and commands. */
  readonly isMono?: boolean
  readonly name?: string
  /** For the first field of a dialog or of a page that is nothing but a form. */
  readonly hasFirstFocus?: boolean
  /** Stands before what is typed, such as a currency symbol. */
  readonly prefix?: string
}

export function TextField(props: TextFieldProps) {
  const ids = useFieldIds()
  const input = (
    <input
      {...controlProps(props, ids)}
      type={props.type ?? 'text'}
      value={props.value}
      placeholder={props.placeholder}
      autoComplete={props.autoComplete ?? 'off'}
      inputMode={props.inputMode}
      maxLength={props.lengthMax}
      name={props.name}
      spellCheck={props.isMono === true ? false : undefined}
      data-first-focus={props.hasFirstFocus === true ? '' : undefined}
      ref={props.hasFirstFocus === true ? focusOnce : undefined}
      onChange={(event) => props.onChange(event.target.value)}
    />
  )
  return (
    <Frame field={props} ids={ids} className={props.isMono === true ? 'mono' : ''}>
      {props.prefix === undefined ? (
        input
      ) : (
        <div className="prefixed">
          <span aria-hidden="true">{props.prefix}</span>
          {input}
        </div>
      )}
    </Frame>
  )
}

export function TextArea(
  props: Pick<
    TextFieldProps,
    keyof FieldProps | 'value' | 'onChange' | 'placeholder' | 'isMono'
  > & {
    readonly rows?: number
  },
) {
  const ids = useFieldIds()
  return (
    <Frame field={props} ids={ids} className={props.isMono === true ? 'mono' : ''}>
      <textarea
        {...controlProps(props, ids)}
        value={props.value}
        rows={props.rows}
        placeholder={props.placeholder}
        spellCheck={props.isMono === true ? false : undefined}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </Frame>
  )
}

/** A whole number of zero or more, as digits; empty while nothing is typed. */
export function NumberField(
  props: Omit<TextFieldProps, 'type' | 'inputMode'> & { readonly unit?: string },
) {
  const { unit, label, ...rest } = props
  return (
    <TextField
      {...rest}
      label={unit === undefined ? label : `${label} (${unit})`}
      inputMode="numeric"
      onChange={(value) => props.onChange(value.replaceAll(/[^0-9]/g, ''))}
    />
  )
}

export type Option<Value extends string = string> = {
  readonly value: Value
  readonly label: string
}

export function Select<Value extends string>(
  props: FieldProps & {
    readonly value: Value
    readonly onChange: (value: Value) => void
    readonly options: readonly Option<Value>[]
  },
) {
  const ids = useFieldIds()
  return (
    <Frame field={props} ids={ids}>
      <select
        {...controlProps(props, ids)}
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find(({ value }) => value === event.target.value)
          if (chosen !== undefined) props.onChange(chosen.value)
        }}
      >
        {props.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Frame>
  )
}

export function Checkbox(props: {
  readonly label: ReactNode
  readonly isChecked: boolean
  readonly onChange: (isChecked: boolean) => void
  readonly isDisabled?: boolean
}) {
  return (
    <label className="choice">
      <input
        type="checkbox"
        checked={props.isChecked}
        disabled={props.isDisabled}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  )
}

/** One of a few that are all worth seeing; a choice may explain itself. */
export function RadioChoices<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly options: readonly (Option<Value> & { readonly hint?: ReactNode })[]
}) {
  const name = useId()
  return (
    <fieldset className="field">
      <legend className="label strong small">{props.label}</legend>
      <div className="choices">
        {props.options.map(({ value, label, hint }) => (
          <label key={value} className="choice">
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === props.value}
              onChange={() => props.onChange(value)}
            />
            <span>
              {label}
              {hint === undefined ? null : <span className="hint"> {hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

type FieldIds = { readonly control: string; readonly hint: string; readonly problem: string }

function useFieldIds(): FieldIds {
  const id = useId()
  return { control: id, hint: `${id}-hint`, problem: `${id}-problem` }
}

function controlProps(field: FieldProps, ids: FieldIds) {
  const described = [
    ...(hasProblem(field) ? [ids.problem] : []),
    ...(field.hint === undefined ? [] : [ids.hint]),
  ]
  return {
    id: ids.control,
    disabled: field.isDisabled,
    required: field.isRequired,
    'aria-invalid': hasProblem(field) ? true : undefined,
    'aria-describedby': described.length === 0 ? undefined : described.join(' '),
  } as const
}

const hasProblem = ({ problem }: FieldProps): boolean => problem !== undefined && problem !== null

function Frame(props: {
  readonly field: FieldProps
  readonly ids: FieldIds
  readonly className?: string
  readonly children: ReactNode
}) {
  const { field, ids } = props
  return (
    <div className={`field ${props.className ?? ''}`}>
      <label htmlFor={ids.control} className={field.isLabelHidden === true ? 'spoken' : ''}>
        {field.label}
      </label>
      {props.children}
      {hasProblem(field) ? (
        <p className="problem" id={ids.problem}>
          {field.problem}
        </p>
      ) : null}
      {field.hint === undefined ? null : (
        <p className="hint" id={ids.hint}>
          {field.hint}
        </p>
      )}
    </div>
  )
}

const focusOnce = (input: HTMLInputElement | null): void => input?.focus()
