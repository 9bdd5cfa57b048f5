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
  /** what the legend counts: one, many */
  counted: [string, string]
  hover: HoverData[]
}

/** Larger areas of the same place, shown instead of the map's own below a zoom. */
export interface CoarserData {
  name: string
  below_zoom: number
  geometry: GeometryData
  paint: PaintData
}

/** Finer borders, in files of which only those in view are fetched; the files stand beside the one that says so. */
export interface CloseData {
  from_zoom: number
  /** whether the files together hold every area */
  is_whole: boolean
  /** file, west, south, east, north */
  parts: [string, number, number, number, number][]
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
  minutes?: number
  mode?: string
  [other: string]: unknown
}
export type Drawing = Feature<Point | Polygon | MultiPolygon, DrawingProperties>

/** What Python says of a travel-time catchment as it was drawn: `place`, `minutes` and `mode` say which. */
export interface CatchmentData {
  /** longitude, latitude */
  place: [number, number]
  minutes: number
  mode: string
  label: string
  bounds: [number, number, number, number]
  /** how many points each ring has */
  rings: number[]
  /** base64 of little-endian uint16 pairs: steps of a 65,535th across the bounds from west and from south */
  points: string
}

/** Python's name for one version of something it has set. */
export type Revision = number | string

export interface MapData {
  label: string
  height: number
  geometry: GeometryData
  paint: PaintData | null
  /** from the largest areas to the smallest */
  coarser: CoarserData[]
  /** the level that Python takes to be on screen; null for the map's own areas */
  level: string | null
  points: PointLayerData[]
  drawings: Drawing[]
  drawings_revision: Revision
  selected: string | null
  selected_revision: Revision
  catchments: CatchmentData[]
  tools: ('point_radius' | 'polygon' | 'travel_time')[]
  /** maps with the same name show the same view; null: by itself */
  view_group: string | null
  /** what the slider of a map that lies over another is called; '': no slider, the whole map */
  swipe_label: string
  attribution: string
  basemap: { url: string; attribution: string } | null
  /** null: the browser keeps nothing of what is drawn */
  keeping: KeepingData | null
}

export interface KeepingData {
  /** another one after the server has started anew */
  session: string
  /** the saved scenario and its revision, "key@3"; empty where nothing is saved yet */
  base: string
  /** whether the drawings sent along are in that file */
  is_saved: boolean
}

export interface DrawingsState {
  revision: Revision
  features: Drawing[]
  /** of drawings brought back from the browser's own keeping: the saved scenario that they were drawn on */
  restored_from?: string
  /** how often it has been said again, because no answer came */
  attempt?: number
}
export interface SelectedState {
  revision: Revision
  code: string | null
}

export interface LevelState {
  /** of the geometry of the map's own areas */
  revision: string
  name: string | null
}

/** What Streamlit hands to the component on every run. */
export interface Component {
  data: MapData
  parentElement: ShadowRoot | HTMLElement
  setStateValue(name: 'drawings', value: DrawingsState): void
  setStateValue(name: 'selected', value: SelectedState): void
  setStateValue(name: 'level', value: LevelState): void
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
