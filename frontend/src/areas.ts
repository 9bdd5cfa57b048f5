// What the map needs of a set of areas, however they are drawn.
import L from './leaflet'
import type { CloseData, GeometryData, Paint } from './protocol'

export interface AreaSet {
  readonly codes: string[]
  readonly names: string[]
  addTo(map: L.Map): void
  remove(): void
  paint(paint: Paint | null): void
  /** Position of the area at a place, or -1. */
  areaAt(place: L.LatLng): number
  boundsOf(area: number): L.LatLngBounds | null
  /** Layers that outline one area; the caller adds and removes them. */
  outline(area: number): L.Layer[]
  /** Hides the areas, while finer borders of all that is in view lie over them. */
  veil(isHidden: boolean): void
  /** where finer borders are; null where there are none */
  readonly close: CloseData | null
}

export const PANES = { areas: 'hjp-areas', highlight: 'hjp-highlight', points: 'hjp-points' } as const
/** Our own layers are not for drawing tools to edit or snap to. */
export const NOT_FOR_DRAWING = { pmIgnore: true, snapIgnore: true, interactive: false } as const

/** A failure to say in plain words on the map. */
export class MapError extends Error {}

/** Fetches once, and says what went wrong in words. */
export async function fetched(url: string, what: string): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(url)
  } catch (cause) {
    throw new MapError(`${what} could not be fetched: the server did not answer.`, { cause })
  }
  if (!answer.ok) throw new MapError(`${what} could not be fetched: the server answered ${answer.status}.`)
  return answer
}

/** Reads JSON, and says what went wrong in words. */
export async function fetchedJson(url: string, what: string): Promise<unknown> {
  const answer = await fetched(url, what)
  try {
    return await answer.json()
  } catch (cause) {
    throw new MapError(`${what} arrived damaged: it is not JSON.`, { cause })
  }
}

export function latLngBounds([west, south, east, north]: GeometryData['bounds']): L.LatLngBounds {
  return L.latLngBounds([south, west], [north, east])
}
