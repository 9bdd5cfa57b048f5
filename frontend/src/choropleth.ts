// Areas as polygons on one canvas. Every ring is projected once into a Path2D; a repaint only changes fill styles,
// and a zoom only changes the transform, so neither touches a vertex in JavaScript.
import type { FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson'
import { NOT_FOR_DRAWING, PANES, MapError, fetchedJson, type AreaSet } from './areas'
import L from './leaflet'
import { CanvasOverlay, toWorld, type View } from './overlay'
import { faintPattern, inkOn, markPattern, noDataPattern } from './patterns'
import { NO_DATA, type CloseData, type GeometryData, type Paint } from './protocol'

const UNPAINTED = '#e6e8eb'
/** up to so many areas in view have wider, stronger borders; more would turn into a grid of lines */
const FEW = 500

export interface Shape {
  /** position of the area in the arrays of the paint */
  area: number
  path: Path2D
  /** rings as x, y, x, y … in world units from the origin */
  rings: Float64Array[]
  /** the same, as the polygons' own positions, for outlines */
  polygons: Position[][][]
  /** left, top, right, bottom */
  box: [number, number, number, number]
}

type AreaFeatures = FeatureCollection<Polygon | MultiPolygon | null, { code?: unknown; name?: unknown }>

export async function loadPolygons(geometry: GeometryData): Promise<AreaSet> {
  const data = await fetchedFeatures(geometry.url, "The map's boundaries")
  return new Polygons(data, geometry.bounds)
}

export async function fetchedFeatures(url: string, what: string): Promise<AreaFeatures & { close?: CloseData }> {
  const data = (await fetchedJson(url, what)) as AreaFeatures
  if (!Array.isArray(data?.features)) throw new MapError(`${what} arrived, but are not GeoJSON features.`)
  return data
}

/** The middle of some bounds in world units: what shapes are counted from, to keep their digits. */
export function originOf([west, south, east, north]: GeometryData['bounds']): [number, number] {
  return toWorld((west + east) / 2, (south + north) / 2)
}

class Polygons implements AreaSet {
  readonly codes: string[]
  readonly names: string[]
  readonly close: CloseData | null
  private readonly canvas: AreaCanvas

  constructor(data: AreaFeatures & { close?: CloseData }, bounds: GeometryData['bounds']) {
    this.codes = data.features.map((each) => String(each.properties?.code ?? ''))
    this.names = data.features.map((each) => String(each.properties?.name ?? ''))
    this.close = data.close ?? null
    const origin = originOf(bounds)
    this.canvas = new AreaCanvas(origin)
    this.canvas.shapes = data.features.map((each, area) => shapeOf(each.geometry, origin, area))
  }

  addTo(map: L.Map): void {
    this.canvas.addTo(map)
  }

  remove(): void {
    this.canvas.remove()
  }

  veil(isHidden: boolean): void {
    this.canvas.hide(isHidden)
  }

  paint(paint: Paint | null): void {
    this.canvas.paint = paint
    this.canvas.repaint()
  }

  areaAt(place: L.LatLng): number {
    return this.canvas.areaAt(place.lng, place.lat)
  }

  boundsOf(area: number): L.LatLngBounds | null {
    const shape = this.canvas.shapes[area]
    return shape?.polygons.length ? L.polygon(latLngsOf(shape)).getBounds() : null
  }

  outline(area: number): L.Layer[] {
    const shape = this.canvas.shapes[area]
    return shape ? outlineOf(shape) : []
  }
}

export function outlineOf(shape: Shape): L.Layer[] {
  const style = { ...NOT_FOR_DRAWING, pane: PANES.highlight, fill: false, lineJoin: 'round' as const }
  const latLngs = latLngsOf(shape)
  return [
    L.polygon(latLngs, { ...style, color: '#ffffff', weight: 5 }),
    L.polygon(latLngs, { ...style, color: '#111827', weight: 2.25 }),
  ]
}

function latLngsOf({ polygons }: Shape): L.LatLngTuple[][][] {
  return polygons.map((rings) => rings.map((ring) => ring.map(([x, y]): L.LatLngTuple => [y!, x!])))
}

export function shapeOf(geometry: Polygon | MultiPolygon | null, origin: [number, number], area: number): Shape {
  const polygons = geometry === null ? [] : geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  const path = new Path2D()
  const rings: Float64Array[] = []
  for (const polygon of polygons) {
    for (const positions of polygon) {
      const ring = new Float64Array(positions.length * 2)
      positions.forEach(([longitude, latitude], i) => {
        const [x, y] = toWorld(longitude!, latitude!)
        ring[2 * i] = x - origin[0]
        ring[2 * i + 1] = y - origin[1]
        if (i === 0) path.moveTo(ring[0]!, ring[1]!)
        else path.lineTo(ring[2 * i]!, ring[2 * i + 1]!)
      })
      path.closePath()
      rings.push(ring)
    }
  }
  return { area, path, rings, polygons, box: boxOf(rings) }
}

export class AreaCanvas extends CanvasOverlay {
  paint: Paint | null = null
  shapes: Shape[] = []

  constructor(private readonly origin: [number, number]) {
    super({ pane: PANES.areas, padding: 0.3 })
  }

  areaAt(longitude: number, latitude: number): number {
    const [worldX, worldY] = toWorld(longitude, latitude)
    const x = worldX - this.origin[0]
    const y = worldY - this.origin[1]
    const found = this.shapes.find((shape) => meets(shape.box, x, y, x, y) && holds(shape.rings, x, y))
    return found ? found.area : -1
  }

  protected draw(context: CanvasRenderingContext2D, view: View): void {
    const { scale, density } = view
    const shown = this.shown(view)
    context.setTransform(
      scale * density, 0, 0, scale * density,
      (this.origin[0] * scale - view.left) * density, (this.origin[1] * scale - view.top) * density,
    )
    this.paintAreas(context, view, shown)
  }

  private shown({ scale, left, top, width, height }: View): Shape[] {
    const [x, y] = [left / scale - this.origin[0], top / scale - this.origin[1]]
    return this.shapes.filter(({ box }) => meets(box, x, y, x + width / scale, y + height / scale))
  }

  /**
   * Each area in its colour with a line round it that stands out from that colour, so that borders show on the palest
   * class and on the darkest, and hide the seams between neighbours. Without a graphics card lines of up to one device
   * pixel cost a tenth of wider ones (2,025 areas: 5 ms against 45), so wider ones are for few areas only.
   */
  private paintAreas(context: CanvasRenderingContext2D, { scale, density }: View, shown: Shape[]): void {
    const isFew = shown.length <= FEW
    const lines = isFew ? { dark: 'rgba(31,41,55,.22)', pale: 'rgba(255,255,255,.5)' } : { dark: 'rgba(31,41,55,.14)', pale: 'rgba(255,255,255,.32)' }
    const styles = areaStyles(context, this.paint, lines, density, 1 / (scale * density))
    context.lineWidth = (isFew ? 1.2 : 1 / density) / scale
    for (const { path, area } of shown) {
      const { fill, line } = styles(area)
      context.fillStyle = fill
      context.fill(path, 'evenodd')
      context.strokeStyle = line
      context.stroke(path)
    }
  }
}

interface AreaStyle {
  fill: CanvasPattern | string
  line: string
}

/** What each area looks like; patterns are undone from the view's scale, so hatching keeps its size on screen. */
function areaStyles(
  context: CanvasRenderingContext2D,
  paint: Paint | null,
  lines: { dark: string; pale: string },
  density: number,
  unscale: number,
): (area: number) => AreaStyle {
  const blank = { fill: UNPAINTED, line: lines.dark }
  if (!paint) return () => blank
  const steady = (style: CanvasPattern | string) => {
    if (typeof style !== 'string') style.setTransform(new DOMMatrix().scale(unscale))
    return style
  }
  const { palette } = paint.data
  const lineOn = (colour: string) => (inkOn(colour) === '#ffffff' ? lines.pale : lines.dark)
  const plain = palette.map((fill) => ({ fill, line: lineOn(fill) }))
  const marked = palette.map((colour) => ({ fill: steady(markPattern(context, density, colour)), line: lineOn(colour) }))
  const faint = palette.map((colour) => ({ fill: steady(faintPattern(context, density, colour)), line: lineOn(colour) }))
  const noData = { fill: steady(noDataPattern(context, density)), line: lines.dark }
  return (area) => {
    const which = paint.classes[area] ?? NO_DATA
    if (which === NO_DATA) return noData
    const mark = paint.markOf(area)
    return (mark === 'sure' ? marked : mark === 'faint' ? faint : plain)[which] ?? noData
  }
}

/** Whether a box meets a rectangle (or a point, given twice). */
function meets(box: Shape['box'], left: number, top: number, right: number, bottom: number): boolean {
  return box[0] <= right && box[1] <= bottom && box[2] >= left && box[3] >= top
}

function boxOf(rings: Float64Array[]): Shape['box'] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      left = Math.min(left, ring[i]!)
      right = Math.max(right, ring[i]!)
      top = Math.min(top, ring[i + 1]!)
      bottom = Math.max(bottom, ring[i + 1]!)
    }
  }
  return [left, top, right, bottom]
}

/** Even-odd over all rings, so holes and islands need no special case. */
function holds(rings: Float64Array[], x: number, y: number): boolean {
  let inside = false
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const [xi, yi, xj, yj] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!]
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
    }
  }
  return inside
}
