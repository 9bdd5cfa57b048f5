// A small form over the map: the name of what was just drawn or clicked and, for a travel-time catchment, how long by what.
import L from './leaflet'

export type Mode = 'walk' | 'public_transport' | 'drive'

/** The words of each mode, in the list and on the label; the Python side says them in hjp_geo.siting.catchments. */
export const MODES: Record<Mode, { long: string; short: string }> = {
  walk: { long: 'on foot', short: 'walk' },
  public_transport: { long: 'by public transport', short: 'public transport' },
  drive: { long: 'by car', short: 'drive' },
}
const MOST_MINUTES = 120
const LONGEST_NAME = 120

export interface TravelTime {
  minutes: number
  mode: Mode
}

export interface Chosen {
  /** null for the settings of what will be drawn next */
  name: string | null
  /** null for shapes that have none */
  travel: TravelTime | null
}

export class Panel {
  private readonly box: HTMLElement
  private readonly title: HTMLElement
  private readonly name: HTMLInputElement
  private readonly minutes: HTMLInputElement
  private readonly mode: HTMLSelectElement

  constructor(map: L.Map, private readonly changed: (chosen: Chosen) => void, closed: () => void) {
    this.box = L.DomUtil.create('div', 'hjp-panel leaflet-control', map.getContainer())
    this.box.setAttribute('role', 'group')
    this.box.hidden = true
    this.title = L.DomUtil.create('strong', '', this.box)
    this.name = this.field('Name', 'input')
    this.name.maxLength = LONGEST_NAME
    this.minutes = this.field('Minutes', 'input')
    Object.assign(this.minutes, { type: 'number', min: '1', max: String(MOST_MINUTES), step: '1' })
    this.mode = this.field('By', 'select')
    for (const [code, { long }] of Object.entries(MODES)) this.mode.add(new Option(long, code))
    const done = L.DomUtil.create('button', '', this.box)
    done.type = 'button'
    done.textContent = 'Done'
    done.addEventListener('click', closed)
    for (const field of [this.name, this.minutes, this.mode]) field.addEventListener('change', () => this.tell())
    L.DomEvent.disableClickPropagation(this.box)
    L.DomEvent.disableScrollPropagation(this.box)
    // arrow keys and Ctrl+Z belong to the field; Escape still leaves, and Enter is done
    this.box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') event.stopPropagation()
      if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.target.blur()
    })
  }

  get isOpen(): boolean {
    return !this.box.hidden
  }

  show({ name, travel }: Chosen): void {
    this.title.textContent = name === null ? 'Travel-time catchment: click a place' : travel ? 'Catchment' : 'Drawing'
    this.box.setAttribute('aria-label', name === null ? 'Travel time of the next catchment' : `Settings of ${name}`)
    this.name.parentElement!.hidden = name === null
    if (name !== null) this.name.value = name
    for (const field of [this.minutes, this.mode]) field.parentElement!.hidden = travel === null
    if (travel) {
      this.minutes.value = String(travel.minutes)
      this.mode.value = travel.mode
    }
    this.box.hidden = false
  }

  hide(): void {
    this.box.hidden = true
  }

  private tell(): void {
    const isNamed = !this.name.parentElement!.hidden
    const isTimed = !this.minutes.parentElement!.hidden
    const minutes = Math.min(MOST_MINUTES, Math.max(1, Math.round(Number(this.minutes.value)) || 1))
    if (isTimed) this.minutes.value = String(minutes)
    this.changed({
      name: isNamed ? this.name.value.trim() : null,
      travel: isTimed ? { minutes, mode: this.mode.value as Mode } : null,
    })
  }

  private field<Tag extends 'input' | 'select'>(label: string, tag: Tag): HTMLElementTagNameMap[Tag] {
    const wrapper = L.DomUtil.create('label', '', this.box)
    wrapper.append(label)
    return L.DomUtil.create(tag, '', wrapper)
  }
}
