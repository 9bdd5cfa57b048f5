// Drawings as Leaflet layers and as GeoJSON, and how each status looks.
import type { MultiPolygon, Polygon, Position } from 'geojson'
import { NOT_FOR_DRAWING, PANES } from './areas'
import { travelOf } from './catchments'
import L from './leaflet'
import type { Drawing, DrawingProperties } from './protocol'

export type DrawnLayer = L.Circle | L.CircleMarker | L.Polygon

/** Colour and line by status: told apart by dashes as well as by hue. */
export const LOOK: Record<string, L.PathOptions> = {
  new: { color: '#9d174d', fillColor: '#9d174d' },
  existing: { color: '#1f2937', fillColor: '#1f2937' },
  edited: { color: '#9d174d', fillColor: '#9d174d', dashArray: '7 4' },
  removed: { color: '#4b5563', fillColor: '#4b5563', dashArray: '2 5' },
}
// Filled with nothing, yet filled: what lies inside keeps its colours, and the inside can still be dragged.
export const STYLE: L.PathOptions = { weight: 2.5, fillOpacity: 0, className: 'hjp-drawing' }

/** The point of a catchment: filled, or hollow where it was changed or taken away. */
export const POINT: L.PathOptions = { weight: 3, fillOpacity: 1, className: 'hjp-drawing' }
export const POINT_PIXELS = 7

export function layerOf({ geometry, properties }: Drawing): DrawnLayer | null {
  if (geometry.type === 'Point') {
    const [longitude, latitude] = geometry.coordinates
    if (travelOf(properties)) return L.circleMarker([latitude!, longitude!], { ...POINT, radius: POINT_PIXELS })
    return L.circle([latitude!, longitude!], { ...STYLE, radius: properties.radius_m ?? 0 })
  }
  if (geometry.type === 'Polygon') return L.polygon(geometry.coordinates.map(latLngsOf), STYLE)
  if (geometry.type === 'MultiPolygon') return L.polygon(geometry.coordinates.map((rings) => rings.map(latLngsOf)), STYLE)
  return null
}

export function lookOf({ status }: DrawingProperties): L.PathOptions {
  return LOOK[status ?? 'new'] ?? LOOK['new']!
}

export function featureOf(layer: DrawnLayer, properties: DrawingProperties): Drawing {
  if (layer instanceof L.Circle) {
    return {
      type: 'Feature',
      properties: { ...properties, radius_m: Math.round(layer.getRadius() * 10) / 10 },
      geometry: { type: 'Point', coordinates: positionOf(layer.getLatLng()) },
    }
  }
  if (layer instanceof L.CircleMarker) {
    return { type: 'Feature', properties: { ...properties }, geometry: { type: 'Point', coordinates: positionOf(layer.getLatLng()) } }
  }
  const latLngs = layer.getLatLngs() as L.LatLng[][] | L.LatLng[][][]
  return { type: 'Feature', properties: { ...properties }, geometry: polygonOf(latLngs) }
}

function polygonOf(latLngs: L.LatLng[][] | L.LatLng[][][]): Polygon | MultiPolygon {
  if (isMany(latLngs)) return { type: 'MultiPolygon', coordinates: latLngs.map((rings) => rings.map(closedRing)) }
  return { type: 'Polygon', coordinates: latLngs.map(closedRing) }
}

function isMany(latLngs: L.LatLng[][] | L.LatLng[][][]): latLngs is L.LatLng[][][] {
  return Array.isArray(latLngs[0]?.[0])
}

/** Leaflet closes rings itself: GeoJSON's repeated last corner would be a second handle on the first. */
function latLngsOf(ring: Position[]): L.LatLngTuple[] {
  return ring.slice(0, -1).map(([longitude, latitude]): L.LatLngTuple => [latitude!, longitude!])
}

function closedRing(ring: L.LatLng[]): Position[] {
  const positions = ring.map(positionOf)
  return positions[0] ? [...positions, positions[0]] : positions
}

export function positionOf({ lng, lat }: L.LatLng): Position {
  return [Math.round(lng * 1e6) / 1e6, Math.round(lat * 1e6) / 1e6]
}

/** What was there when the drawings were loaded and has been taken away since: shown as removed, and no more a drawing. */
export class Ghosts {
  private readonly group = L.layerGroup()
  private before: Drawing[] = []

  constructor(map: L.Map) {
    this.group.addTo(map)
  }

  /** Python has put these on the map: those that were there before are remembered; a wholly other set begins anew. */
  begin(features: Drawing[]): void {
    const ids = new Set(features.map(({ properties }) => properties.id))
    if (!this.before.some(({ properties }) => ids.has(properties.id))) this.before = []
    const known = new Set(this.before.map(({ properties }) => properties.id))
    this.before.push(...features.filter(({ properties: { id, status } }) => status === 'existing' && !known.has(id)))
  }

  show(now: Drawing[]): void {
    const ids = new Set(now.map(({ properties }) => properties.id))
    this.group.clearLayers()
    for (const gone of this.before.filter(({ properties }) => !ids.has(properties.id))) {
      const layer = layerOf(gone)
      if (!layer) continue
      const style = { ...NOT_FOR_DRAWING, pane: PANES.highlight, fill: false, weight: 2.5, className: 'hjp-drawing hjp-removed' }
      Object.assign(layer.options, LOOK['removed'], style)
      const name = document.createElement('span')
      name.textContent = `${gone.properties.name} (removed)`
      const direction = layer instanceof L.Polygon ? 'center' : 'top'
      layer.bindTooltip(name, { permanent: true, interactive: false, opacity: 1, direction, className: 'hjp-drawing-label hjp-gone' })
      this.group.addLayer(layer)
    }
  }
}
