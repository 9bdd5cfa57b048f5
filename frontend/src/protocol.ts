// What Python sends and what it gets back. The Python side of this agreement is hjp_geo/sketchmap/__init__.py:
// change them together.
import type { Feature, MultiPolygon, Point, Polygon } from 'geojson'

export interface GeometryData {
  kind: 'polygons' | 'raster'
  url: string
  codes_url: string | null
  revision: string
  /** west, south, east, north in degrees */
  bounds: [number, number, number, number]
}

export interface HoverData {
  label: string
  unit: string
  decimals: number
  /** which end is rank 1; null where areas are not ranked by this */
  first: 'high' | 'low' | null
  /** base64 of little-endian float32, one per area; NaN where not known */
  values: string
}

export interface PaintData {
  revision: string
  title: string
  unit: string
  /** where the values come from, in words */
  source: string
  /** base64, one byte per area: the class, or 255 for no data */
  classes: string
  palette: string[]
  labels: string[]
  counts: number[]
  no_data: { label: string; count: number }
  /** base64, one bit per area, lowest bit first; null when nothing is marked */
  marks: string | null
  marks_label: string
  marks_count: number
  /** the same for marks that are less sure, drawn as dots; null when there is none */
  faint: string | null
  faint_label: string
  faint_count: number
  hover: HoverData[]
}

export type PointSymbol = 'circle' | 'square' | 'diamond' | 'triangle'
/** longitude, latitude, name, kind */
export type PointRow = [number, number, string, string]

export interface PointLayerData {
  id: string
  label: string
  symbol: PointSymbol
  colour: string
  revision: string
  url: string | null
  points: PointRow[] | null
}

export interface DrawingProperties {
  id: string
  name: string
  status?: string
  radius_m?: number
  [other: string]: unknown
}
export type Drawing = Feature<Point | Polygon | MultiPolygon, DrawingProperties>

/** Python's name for one version of something it has set. */
export type Revision = number | string

export interface MapData {
  label: string
  height: number
  geometry: GeometryData
  paint: PaintData | null
  points: PointLayerData[]
  drawings: Drawing[]
  drawings_revision: Revision
  selected: string | null
  selected_revision: Revision
  tools: ('point_radius' | 'polygon')[]
  attribution: string
  basemap: { url: string; attribution: string } | null
}

export interface DrawingsState {
  revision: Revision
  features: Drawing[]
}
export interface SelectedState {
  revision: Revision
  code: string | null
}

/** What Streamlit hands to the component on every run. */
export interface Component {
  data: MapData
  parentElement: ShadowRoot | HTMLElement
  setStateValue(name: 'drawings', value: DrawingsState): void
  setStateValue(name: 'selected', value: SelectedState): void
}

export const NO_DATA = 255

export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function floatsOf(base64: string): Float32Array {
  const bytes = bytesOf(base64)
  return new Float32Array(bytes.buffer, 0, bytes.length >> 2)
}

/** One decoded paint job: what every area looks like and says. */
export interface Paint {
  readonly data: PaintData
  readonly classes: Uint8Array
  readonly hover: (Omit<HoverData, 'values'> & { values: Float32Array })[]
  markOf(area: number): Mark
}

/** Hatched, dotted, or neither. */
export type Mark = 'sure' | 'faint' | null

export function decodePaint(data: PaintData): Paint {
  const sure = data.marks === null ? null : bytesOf(data.marks)
  const faint = data.faint === null ? null : bytesOf(data.faint)
  const has = (bits: Uint8Array | null, area: number) => bits !== null && ((bits[area >> 3] ?? 0) & (1 << (area & 7))) !== 0
  return {
    data,
    classes: bytesOf(data.classes),
    hover: data.hover.map((column) => ({ ...column, values: floatsOf(column.values) })),
    markOf: (area) => (has(faint, area) ? 'faint' : has(sure, area) ? 'sure' : null),
  }
}
