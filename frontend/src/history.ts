// The steps of drawing: the way back and the way forward, and the two buttons for them.
import L from './leaflet'
import type { Drawing } from './protocol'

const MOST_STEPS = 100

/** What was drawn, step by step: the way back, the present, and the way forward. */
export class History {
  private steps: string[] = []
  private at = -1

  get canGoBack(): boolean {
    return this.at > 0
  }

  get canGoForward(): boolean {
    return this.at < this.steps.length - 1
  }

  /** A new present; the same again is no step. */
  keep(features: Drawing[]): void {
    const text = JSON.stringify(features)
    if (text === this.steps[this.at]) return
    this.steps = [...this.steps.slice(0, this.at + 1), text].slice(-MOST_STEPS)
    this.at = this.steps.length - 1
  }

  back(): Drawing[] | null {
    return this.canGoBack ? this.goTo(this.at - 1) : null
  }

  forward(): Drawing[] | null {
    return this.canGoForward ? this.goTo(this.at + 1) : null
  }

  private goTo(step: number): Drawing[] {
    this.at = step
    return JSON.parse(this.steps[step]!) as Drawing[]
  }
}

/** Two buttons above the drawing tools, in Leaflet's own dress. */
export function historyButtons(map: L.Map, undo: () => void, redo: () => void): { undo: HTMLAnchorElement; redo: HTMLAnchorElement } {
  const bar = L.DomUtil.create('div', 'leaflet-bar hjp-history')
  const button = (sign: string, name: string, act: () => void): HTMLAnchorElement => {
    const made = L.DomUtil.create('a', '', bar)
    made.href = '#'
    made.textContent = sign
    made.title = name
    made.setAttribute('role', 'button')
    made.setAttribute('aria-label', name)
    dim(made, true)
    L.DomEvent.on(made, 'click', (event) => {
      L.DomEvent.stop(event)
      act()
    })
    return made
  }
  const buttons = {
    undo: button('↶', 'Undo the last change to what is drawn (Ctrl+Z)', undo),
    redo: button('↷', 'Do again what was undone (Ctrl+Y)', redo),
  }
  L.DomEvent.disableClickPropagation(bar)
  const control = new L.Control({ position: 'topleft' })
  control.onAdd = () => bar
  control.addTo(map)
  return buttons
}

export function dim(button: HTMLElement, isOff: boolean): void {
  button.classList.toggle('leaflet-disabled', isOff)
  button.setAttribute('aria-disabled', String(isOff))
}
