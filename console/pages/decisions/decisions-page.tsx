import { useState, type FormEvent } from 'react'
import { go, useFilters } from '../../data/address.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Select, TextField } from '../../ui/fields.tsx'
import { FilterBox } from '../../ui/filter-box.tsx'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AdmittedList } from './admitted-list.tsx'
import { RefusedList } from './refused-list.tsx'
import { ReportsCard } from './reports-card.tsx'
import { reasonOptions, sourceOptions } from './words.ts'
import './decisions-page.css'

/** Every decision that can be looked up: admitted requests from the journal, the last refusals from memory. */
export function DecisionsPage() {
  const filters = useFilters()
  const tab = filters.get('tab') === 'refused' ? 'refused' : 'admitted'
  return (
    <Page
      title="Decisions"
      lead="Find a request by any id of it, or by who asked and when. Opening one makes its decision again from the journal."
    >
      <ReportsCard />
      <FindCard />
      <Card>
        <Filters tab={tab} />
        <Tabs
          label="Kind of decision"
          selected={tab}
          onSelect={(next) => filters.set({ tab: next === 'refused' ? next : '' })}
          tabs={[
            {
              id: 'admitted',
              title: 'Admitted',
              content: tab === 'admitted' ? <AdmittedList filters={filters} /> : null,
            },
            {
              id: 'refused',
              title: 'Refused lately',
              content: tab === 'refused' ? <RefusedList filters={filters} /> : null,
            },
          ]}
        />
      </Card>
    </Page>
  )
}

function FindCard() {
  const [id, setId] = useState('')
  const find = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = id.replaceAll(/\s+/g, '')
    if (wanted !== '') go(`/decisions/${encodeURIComponent(wanted)}`)
  }
  return (
    <Card title="Find by id">
      <form className="form-row" onSubmit={find}>
        <TextField
          label="Decision, hold, request or upstream id"
          value={id}
          onChange={setId}
          type="search"
          isMono
          placeholder="dn_…, al_…, hold_…, req_…"
        />
        <Button type="submit" kind="main" isDisabled={id.trim() === ''}>
          Find
        </Button>
      </form>
    </Card>
  )
}

function Filters({ tab }: { readonly tab: 'admitted' | 'refused' }) {
  const filters = useFilters()
  const text = (name: string, label: string, type: 'search' | 'datetime-local' = 'search') => (
    <TextField
      label={label}
      type={type}
      value={filters.get(name)}
      onChange={(value) => filters.set({ [name]: value.trim() })}
    />
  )
  return (
    <FilterBox isSet={[...filters.all.keys()].some((name) => name !== 'tab')}>
      {text('customer', 'Customer id')}
      {text('member', 'Member id')}
      {text('key', 'Key id')}
      {text('model', 'Model begins with')}
      {tab === 'admitted' ? (
        <Select
          label="Paid by"
          value={filters.get('source')}
          options={sourceOptions}
          onChange={(source) => filters.set({ source })}
        />
      ) : (
        <Select
          label="Reason"
          value={filters.get('reason')}
          options={reasonOptions}
          onChange={(reason) => filters.set({ reason })}
        />
      )}
      {text('from', 'From', 'datetime-local')}
      {text('to', 'Until', 'datetime-local')}
    </FilterBox>
  )
}
