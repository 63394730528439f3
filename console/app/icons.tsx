import {
  ActivityLogIcon,
  ArchiveIcon,
  AvatarIcon,
  BarChartIcon,
  CardStackIcon,
  ClockIcon,
  DashboardIcon,
  GearIcon,
  Link2Icon,
  MagnifyingGlassIcon,
  PersonIcon,
  ReaderIcon,
  TokensIcon,
} from '@radix-ui/react-icons'
import type { ComponentType } from 'react'

/** The icons of the navigation, by what they stand for. */
const icons = {
  usage: BarChartIcon,
  'extra-usage': CardStackIcon,
  history: ClockIcon,
  refused: MagnifyingGlassIcon,
  connect: Link2Icon,
  overview: DashboardIcon,
  customers: AvatarIcon,
  plans: TokensIcon,
  decisions: MagnifyingGlassIcon,
  audit: ActivityLogIcon,
  settings: GearIcon,
  storage: ArchiveIcon,
  people: PersonIcon,
  account: ReaderIcon,
} as const satisfies Record<string, ComponentType>

export type IconName = keyof typeof icons

export function NavIcon({ name }: { readonly name: IconName }) {
  const Icon = icons[name]
  return <Icon aria-hidden="true" />
}
