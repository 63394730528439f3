import type { ReactNode } from 'react'
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components/Tabs'
import './tabs.css'

/** Parts of a page of which one is seen at a time. Which one belongs in the address: keep it there. */
export function Tabs<Id extends string>(props: {
  readonly label: string
  readonly selected: Id
  readonly onSelect: (id: Id) => void
  readonly tabs: readonly { readonly id: Id; readonly title: string; readonly content: ReactNode }[]
}) {
  return (
    <AriaTabs
      selectedKey={props.selected}
      onSelectionChange={(key) => {
        const tab = props.tabs.find(({ id }) => id === key)
        if (tab !== undefined) props.onSelect(tab.id)
      }}
    >
      <TabList className="tab-list" aria-label={props.label}>
        {props.tabs.map(({ id, title }) => (
          <Tab key={id} id={id} className="tab">
            {title}
          </Tab>
        ))}
      </TabList>
      {props.tabs.map(({ id, content }) => (
        <TabPanel key={id} id={id} className="tab-panel">
          {content}
        </TabPanel>
      ))}
    </AriaTabs>
  )
}
