// Real borders close up: over the map's own areas, for the districts in view, each fetched once it is looked at.
import { latLngBounds, type AreaSet } from './areas'
import { AreaCanvas, fetchedFeatures, loadPolygons, originOf, outlineOf, shapeOf, type Shape } from './choropleth'
import L from './leaflet'
import type { CloseData, GeometryData, Paint } from './protocol'
import { loadRaster } from './raster'

/** What the map wants to know of borders that come later. */
export interface Hooks {
  /** other borders are on screen */
  changed(): void
  /** something to say in plain words */
  say(text: string): void
}

/** districts kept beyond those in view, so that going back is instant */
const MOST_KEPT = 80
const TROUBLE = 'The borders as seen close up could not be fetched. The coarser ones are shown.'

export async function loadAreaSet(geometry: GeometryData, hooks: Hooks): Promise<AreaSet> {
  const areas = await (geometry.kind === 'raster' ? loadRaster(geometry) : loadPolygons(geometry))
  return areas.close?.parts.length ? new CloseUps(areas, areas.close, geometry, hooks) : areas
}

class CloseUps implements AreaSet {
  readonly codes: string[]
  readonly names: string[]
  private readonly canvas: AreaCanvas
  private readonly origin: [number, number]
  private readonly places: Map<string, number>
  private readonly parts: { url: string; bounds: L.LatLngBounds }[]
  /** by URL; null while on its way */
  private readonly kept = new Map<string, Shape[] | null>()
  private map: L.Map | null = null
  private onScreen = ''
  private isVeiled = false

  constructor(
    private readonly base: AreaSet,
    readonly close: CloseData,
    geometry: GeometryData,
    private readonly hooks: Hooks,
  ) {
    this.codes = base.codes
    this.names = base.names
    this.places = new Map(base.codes.map((code, area) => [code, area]))
    this.origin = originOf(geometry.bounds)
    this.canvas = new AreaCanvas(this.origin)
    const beside = new URL(geometry.codes_url ?? geometry.url, location.href)
    this.parts = close.parts.map(([file, ...bounds]) => ({ url: new URL(file, beside).href, bounds: latLngBounds(bounds) }))
  }

  addTo(map: L.Map): void {
    this.map = map
    this.base.addTo(map)
    this.canvas.addTo(map)
    map.on('moveend', this.look)
    this.onScreen = ''
    this.look()
  }

  remove(): void {
    this.map?.off('moveend', this.look)
    this.map = null
    this.canvas.remove()
    this.base.remove()
  }

  veil(isHidden: boolean): void {
    this.base.veil(isHidden)
    this.canvas.hide(isHidden)
  }

  paint(paint: Paint | null): void {
    this.base.paint(paint)
    this.canvas.paint = paint
    this.canvas.repaint()
  }

  areaAt(place: L.LatLng): number {
    const found = this.canvas.areaAt(place.lng, place.lat)
    return found >= 0 || this.isVeiled ? found : this.base.areaAt(place)
  }

  boundsOf(area: number): L.LatLngBounds | null {
    return this.base.boundsOf(area)
  }

  outline(area: number): L.Layer[] {
    const shape = this.canvas.shapes.find((each) => each.area === area)
    return shape ? outlineOf(shape) : this.base.outline(area)
  }

  /** Fetches what has come into view, and shows what is there. */
  private readonly look = (): void => {
    const wanted = this.inView()
    for (const url of wanted) if (!this.kept.has(url)) void this.fetch(url)
    this.show(wanted)
    this.forget(new Set(wanted))
  }

  private inView(): string[] {
    if (!this.map || this.map.getZoom() < this.close.from_zoom) return []
    const view = this.map.getBounds().pad(0.3) // the canvas reaches as far
    return this.parts.filter(({ bounds }) => bounds.intersects(view)).map(({ url }) => url)
  }

  private async fetch(url: string): Promise<void> {
    this.kept.set(url, null)
    try {
      const { features } = await fetchedFeatures(url, 'The borders close up')
      const known = features.map((each) => ({ ...each, area: this.places.get(String(each.properties?.code)) ?? -1 }))
      const inside = known.filter(({ area }) => area >= 0) // a district may reach beyond the place
      this.kept.set(url, inside.map(({ geometry, area }) => shapeOf(geometry, this.origin, area)))
    } catch {
      this.kept.delete(url) // asked for again after the next move
      if (this.map) this.hooks.say(TROUBLE)
      return
    }
    this.show(this.inView())
  }

  private show(wanted: string[]): void {
    const here = wanted.filter((url) => this.kept.get(url))
    const isVeiled = wanted.length > 0 && here.length === wanted.length && this.close.is_whole
    if (isVeiled !== this.isVeiled) this.base.veil(isVeiled)
    this.isVeiled = isVeiled
    if (here.join() === this.onScreen) return
    this.onScreen = here.join()
    this.canvas.shapes = here.flatMap((url) => this.kept.get(url) ?? [])
    this.canvas.repaint()
    this.hooks.changed()
  }

  private forget(wanted: Set<string>): void {
    for (const url of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) return
      if (!wanted.has(url) && this.kept.get(url)) this.kept.delete(url)
    }
  }
}
