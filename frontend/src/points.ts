// Sites: small marks on one canvas, whatever their number, each with a shape as well as a colour.
import { PANES, fetchedJson } from './areas'
import L from './leaflet'
import { CanvasOverlay, toWorld, type View } from './overlay'
import type { PointLayerData, PointRow, PointSymbol } from './protocol'

export interface FoundPoint {
  name: string
  kind: string
  layer: string
  place: L.LatLng
}

interface PointGroup {
  data: PointLayerData
  rows: PointRow[]
  /** x, y, x, y … in world units */
  world: Float64Array
}

const REACH_PIXELS = 9

export class Points extends CanvasOverlay {
  private groups: PointGroup[] = []
  private shown = ''

  constructor() {
    super({ pane: PANES.points, padding: 0.3 })
  }

  /** Shows these layers; ones already here under the same revision are not fetched again. */
  async show(layers: PointLayerData[]): Promise<void> {
    const wanted = layers.map((layer) => layer.revision).join()
    if (wanted === this.shown) return
    this.shown = wanted
    const groups = await Promise.all(layers.map((layer) => this.groupOf(layer)))
    if (this.shown !== wanted) return
    this.groups = groups
    this.repaint()
  }

  pointAt(map: L.Map, place: L.LatLng, reachPixels = REACH_PIXELS): FoundPoint | null {
    const scale = 2 ** map.getZoom()
    const [x, y] = toWorld(place.lng, place.lat)
    let nearest = reachPixels / scale
    let found: FoundPoint | null = null
    for (const { data, rows, world } of this.groups) {
      for (let i = 0; i < rows.length; i++) {
        const distance = Math.hypot(world[2 * i]! - x, world[2 * i + 1]! - y)
        if (distance > nearest) continue
        nearest = distance
        const [longitude, latitude, name, kind] = rows[i]!
        found = { name, kind, layer: data.label, place: L.latLng(latitude, longitude) }
      }
    }
    return found
  }

  protected draw(context: CanvasRenderingContext2D, view: View): void {
    const radius = view.zoom < 9 ? 3 : view.zoom < 11 ? 4 : view.zoom < 13 ? 5 : 6
    context.setTransform(view.density, 0, 0, view.density, 0, 0)
    context.lineWidth = 1.25
    context.strokeStyle = '#ffffff'
    for (const { data, rows, world } of this.groups) {
      context.fillStyle = data.colour
      for (let i = 0; i < rows.length; i++) {
        const x = world[2 * i]! * view.scale - view.left
        const y = world[2 * i + 1]! * view.scale - view.top
        if (x < -9 || y < -9 || x > view.width + 9 || y > view.height + 9) continue
        context.beginPath()
        trace(context, data.symbol, x, y, radius)
        context.fill()
        context.stroke()
      }
    }
  }

  private async groupOf(data: PointLayerData): Promise<PointGroup> {
    const known = this.groups.find((group) => group.data.revision === data.revision)
    if (known) return known
    const rows = data.points ?? ((await fetchedJson(data.url ?? '', `"${data.label}"`)) as PointRow[])
    const world = new Float64Array(rows.length * 2)
    rows.forEach(([longitude, latitude], i) => world.set(toWorld(longitude, latitude), 2 * i))
    return { data, rows, world }
  }
}

export function trace(context: CanvasRenderingContext2D, symbol: PointSymbol, x: number, y: number, r: number): void {
  if (symbol === 'circle') {
    context.arc(x, y, r, 0, 2 * Math.PI)
  } else if (symbol === 'square') {
    context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r)
  } else if (symbol === 'diamond') {
    polygon(context, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]])
  } else {
    polygon(context, [[x, y - 1.2 * r], [x + 1.15 * r, y + 0.85 * r], [x - 1.15 * r, y + 0.85 * r]])
  }
}

function polygon(context: CanvasRenderingContext2D, corners: [number, number][]): void {
  corners.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)))
  context.closePath()
}
