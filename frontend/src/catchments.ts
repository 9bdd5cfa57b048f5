// Travel-time catchments: a point whose areas Python works out. The outline is Python's; it is shown only while it speaks
// of the drawing as it stands, so that a moved point never wears the outline of where it was.
import { NOT_FOR_DRAWING, PANES } from './areas'
import L from './leaflet'
import { MODES, type Mode, type TravelTime } from './panel'
import { bytesOf, type CatchmentData, type DrawingProperties } from './protocol'

const KEPT = 60
const SAME_DEGREES = 2e-6

export function isCatchment(layer: L.Layer): layer is L.CircleMarker {
  return layer instanceof L.CircleMarker && !(layer instanceof L.Circle)
}

/** A drawing's minutes and mode; null where it has none. Files may say anything. */
export function travelOf({ minutes, mode }: DrawingProperties): TravelTime | null {
  const number = Number(minutes)
  if (minutes === undefined || !Number.isFinite(number)) return null
  return { minutes: number, mode: mode !== undefined && mode in MODES ? (mode as Mode) : 'public_transport' }
}

/** What Python has said of catchments, newest last: going back a step finds its outline at once. */
export class Reaches {
  private readonly group = L.layerGroup()
  private known: CatchmentData[] = []

  constructor(map: L.Map) {
    this.group.addTo(map)
  }

  learn(catchments: CatchmentData[]): void {
    const isSame = (a: CatchmentData, b: CatchmentData) => says(b, L.latLng(a.place[1], a.place[0]), a.minutes, a.mode)
    this.known = [...this.known.filter((old) => !catchments.some((one) => isSame(old, one))), ...catchments].slice(-KEPT)
  }

  at(place: L.LatLng, travel: TravelTime): CatchmentData | null {
    return this.known.find((one) => says(one, place, travel.minutes, travel.mode)) ?? null
  }

  /** The label's second half: Python's words, or what was asked while they are on their way. */
  words(place: L.LatLng, travel: TravelTime): string {
    return this.at(place, travel)?.label ?? `${travel.minutes} min ${MODES[travel.mode].short} …`
  }

  /** Outlines of these drawings, and no others. */
  draw(drawn: { place: L.LatLng; travel: TravelTime; style: L.PathOptions }[]): void {
    this.group.clearLayers()
    for (const { place, travel, style } of drawn) {
      const found = this.at(place, travel)
      if (!found) continue
      const { color, dashArray } = style
      const lines = { ...NOT_FOR_DRAWING, pane: PANES.highlight, fill: false, lineJoin: 'round' as const }
      this.group.addLayer(L.polygon(ringsOf(found), { ...lines, color: '#ffffff', weight: 5, opacity: 0.85 }))
      this.group.addLayer(
        L.polygon(ringsOf(found), { ...lines, color, weight: 2.5, dashArray: dashArray ?? '9 5', className: 'hjp-reach' }),
      )
    }
  }
}

function says(one: CatchmentData, place: L.LatLng, minutes: number, mode: string): boolean {
  const isHere = Math.abs(one.place[0] - place.lng) < SAME_DEGREES && Math.abs(one.place[1] - place.lat) < SAME_DEGREES
  return isHere && one.minutes === minutes && one.mode === mode
}

/** Rings as pairs of 16-bit steps across the box: see CatchmentOutline in hjp_geo/sketchmap/_data.py. */
function ringsOf({ bounds, rings, points }: CatchmentData): L.LatLngTuple[][] {
  const steps = new Uint16Array(bytesOf(points).buffer)
  const [west, south, east, north] = bounds
  let at = 0
  return rings.map((length) =>
    Array.from({ length }, (): L.LatLngTuple => {
      const [x, y] = [steps[at++]! / 65535, steps[at++]! / 65535]
      return [south + y * (north - south), west + x * (east - west)]
    }),
  )
}
