// Areas as polygons on one canvas. Every ring is projected once into a Path2D; a repaint only changes fill styles,
// and a zoom only changes the transform, so neither touches a vertex in JavaScript.
import type { FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson'
import { NOT_FOR_DRAWING, PANES, MapError, fetchedJson, type AreaSet } from './areas'
import L from './leaflet'
import { CanvasOverlay, toWorld, type View } from './overlay'
import { faintPattern, inkOn, markPattern, noDataPattern } from './patterns'
import { NO_DATA, type GeometryData, type Paint } from './protocol'

const UNPAINTED = '#e6e8eb'
/** up to so many areas in view have wider, stronger borders; more would turn into a grid of lines */
const FEW = 500

interface Shape {
  path: Path2D
  /** rings as x, y, x, y … in world units from the origin */
  rings: Float64Array[]
  /** the same, as the polygons' own positions, for outlines */
  polygons: Position[][][]
}

type AreaFeatures = FeatureCollection<Polygon | MultiPolygon | null, { code?: unknown; name?: unknown }>

export async function loadPolygons(geometry: GeometryData): Promise<AreaSet> {
  const data = (await fetchedJson(geometry.url, "The map's boundaries")) as AreaFeatures
  if (!Array.isArray(data?.features)) throw new MapError("The map's boundaries arrived, but are not GeoJSON features.")
  return new Polygons(data, geometry.bounds)
}

class Polygons implements AreaSet {
  readonly codes: string[]
  readonly names: string[]
  private readonly canvas: AreaCanvas

  constructor(data: AreaFeatures, [west, south, east, north]: GeometryData['bounds']) {
    this.codes = data.features.map((each) => String(each.properties?.code ?? ''))
    this.names = data.features.map((each) => String(each.properties?.name ?? ''))
    const origin = toWorld((west + east) / 2, (south + north) / 2)
    this.canvas = new AreaCanvas(origin, data.features.map((each) => shapeOf(each.geometry, origin)))
  }

  addTo(map: L.Map): void {
    this.canvas.addTo(map)
  }

  remove(): void {
    this.canvas.remove()
  }

  paint(paint: Paint | null): void {
    this.canvas.paint = paint
    this.canvas.repaint()
  }

  areaAt(place: L.LatLng): number {
    return this.canvas.areaAt(place.lng, place.lat)
  }

  boundsOf(area: number): L.LatLngBounds | null {
    const latLngs = this.latLngs(area)
    return latLngs.length ? L.polygon(latLngs).getBounds() : null
  }

  outline(area: number): L.Layer[] {
    const style = { ...NOT_FOR_DRAWING, pane: PANES.highlight, fill: false, lineJoin: 'round' as const }
    const latLngs = this.latLngs(area)
    return [
      L.polygon(latLngs, { ...style, color: '#ffffff', weight: 5 }),
      L.polygon(latLngs, { ...style, color: '#111827', weight: 2.25 }),
    ]
  }

  private latLngs(area: number): L.LatLngTuple[][][] {
    const polygons = this.canvas.shapes[area]?.polygons ?? []
    return polygons.map((rings) => rings.map((ring) => ring.map(([x, y]): L.LatLngTuple => [y!, x!])))
  }
}

function shapeOf(geometry: Polygon | MultiPolygon | null, origin: [number, number]): Shape {
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
  return { path, rings, polygons }
}

class AreaCanvas extends CanvasOverlay {
  paint: Paint | null = null
  /** left, top, right, bottom of every shape */
  private readonly boxes: Float64Array

  constructor(
    private readonly origin: [number, number],
    readonly shapes: Shape[],
  ) {
    super({ pane: PANES.areas, padding: 0.3 })
    this.boxes = new Float64Array(shapes.length * 4)
    shapes.forEach((shape, i) => this.boxes.set(boxOf(shape), 4 * i))
  }

  areaAt(longitude: number, latitude: number): number {
    const [worldX, worldY] = toWorld(longitude, latitude)
    const x = worldX - this.origin[0]
    const y = worldY - this.origin[1]
    for (let i = 0; i < this.shapes.length; i++) {
      if (this.boxHolds(i, x, y, x, y) && holds(this.shapes[i]!.rings, x, y)) return i
    }
    return -1
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

  private shown({ scale, left, top, width, height }: View): number[] {
    const [x, y] = [left / scale - this.origin[0], top / scale - this.origin[1]]
    const all: number[] = []
    for (let i = 0; i < this.shapes.length; i++) {
      if (this.boxHolds(i, x, y, x + width / scale, y + height / scale)) all.push(i)
    }
    return all
  }

  /** Whether a shape's box meets a rectangle (or a point, given twice). */
  private boxHolds(i: number, left: number, top: number, right: number, bottom: number): boolean {
    const box = this.boxes
    return box[4 * i]! <= right && box[4 * i + 1]! <= bottom && box[4 * i + 2]! >= left && box[4 * i + 3]! >= top
  }

  /**
   * Each area in its colour with a line round it that stands out from that colour, so that borders show on the palest
   * class and on the darkest, and hide the seams between neighbours. Without a graphics card lines of up to one device
   * pixel cost a tenth of wider ones (2,025 areas: 5 ms against 45), so wider ones are for few areas only.
   */
  private paintAreas(context: CanvasRenderingContext2D, { scale, density }: View, shown: number[]): void {
    const isFew = shown.length <= FEW
    const lines = isFew ? { dark: 'rgba(31,41,55,.22)', pale: 'rgba(255,255,255,.5)' } : { dark: 'rgba(31,41,55,.14)', pale: 'rgba(255,255,255,.32)' }
    const styles = areaStyles(context, this.paint, lines, density, 1 / (scale * density))
    context.lineWidth = (isFew ? 1.2 : 1 / density) / scale
    for (const i of shown) {
      const { path } = this.shapes[i]!
      const { fill, line } = styles(i)
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

function boxOf(shape: Shape): [number, number, number, number] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const ring of shape.rings) {
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
