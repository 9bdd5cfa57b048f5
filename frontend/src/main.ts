// One map per place on the page. render() is called on every Streamlit run and only does what has changed.
import { SketchMap } from './sketchmap'
import type { Component } from './protocol'

const MAPS = new WeakMap<Node, SketchMap>()
const LATEST = new WeakMap<Node, Component>()

export function render(component: Component): void {
  const place = component.parentElement
  LATEST.set(place, component)
  const map = MAPS.get(place)
  if (map) map.update(component)
  else whenStyled(place.querySelector('link'), () => start(place))
}

/** Clears up, once the map is really gone: Streamlit may call this for an older run while a newer one is on screen. */
export function destroy({ parentElement: place }: Component): void {
  setTimeout(() => {
    if (place.isConnected) return
    MAPS.get(place)?.remove()
    MAPS.delete(place)
  }, 0)
}

function start(place: Component['parentElement']): void {
  const root = place.querySelector<HTMLElement>('.hjp-sketchmap')
  const component = LATEST.get(place)
  if (!root || !component || MAPS.has(place) || !place.isConnected) return
  root.style.visibility = 'visible'
  const map = new SketchMap(root)
  MAPS.set(place, map)
  map.update(component)
}

/** Leaflet measures, so it waits for its style sheet; if that fails, a bare map is better than none. */
function whenStyled(style: HTMLLinkElement | null, then: () => void): void {
  if (!style || style.sheet) return then()
  for (const event of ['load', 'error']) style.addEventListener(event, then, { once: true })
}
