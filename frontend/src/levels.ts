// Which areas a map shows: its own, or larger ones while it is zoomed out.
import type { CoarserData, MapData } from './protocol'

/** The larger areas shown at a zoom; null where the map's own are. */
export function levelAt({ coarser }: MapData, zoom: number): CoarserData | null {
  return coarser.find((each) => zoom < each.below_zoom) ?? null
}

/** What the map shows at a zoom, as if it were all there is. */
export function seenAt(data: MapData, zoom: number): MapData {
  const level = levelAt(data, zoom)
  return level ? { ...data, geometry: level.geometry, paint: level.paint } : data
}
