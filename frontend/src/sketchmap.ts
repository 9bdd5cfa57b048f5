// The map itself: keeps what is on screen in step with what Python sent, and tells Python what the user did.
import { MapError, PANES, latLngBounds, type AreaSet } from './areas'
import { loadAreaSet } from './close'
import { Drawings } from './drawing'
import { Keeping, sameDrawings } from './keeping'
import L from './leaflet'
import { fillLegend } from './legend'
import { levelAt, seenAt } from './levels'
import { Points } from './points'
import { NO_DATA, decodePaint, type Component, type DrawingsState, type GeometryData, type MapData, type Paint, type Revision } from './protocol'
import { buildShell, type CardLines, type Shell } from './shell'
import { signals } from './signals'
import { Swipe } from './swipe'
import { Together } from './together'

/** a circle drawn or moved so near to a site stands on it */
const SNAP_PIXELS = 14
const SAY_AGAIN_SECONDS = [6, 6, 12]
const Z_INDEX = { [PANES.areas]: 350, [PANES.points]: 380, [PANES.highlight]: 390 }

export class SketchMap {
  private readonly shell: Shell
  private readonly map: L.Map
  private readonly drawings: Drawings
  private readonly together: Together
  private readonly swipe: Swipe
  private readonly keeping = new Keeping()
  private readonly points = new Points()
  private readonly resizing: ResizeObserver
  private readonly outline = L.layerGroup()
  private component!: Component
  private areas: AreaSet | null = null
  /** what Python asked for last, and what is on screen */
  private geometryRevision = ''
  private areasRevision = ''
  private legendRevision: string | null = null
  private paintRevision: string | null = null
  private paint: Paint | null = null
  private drawingsRevision: Revision | null = null
  private selectedRevision: Revision | null = null
  private selected: string | null = null
  private fittedView = ''
  private fittedBounds: GeometryData['bounds'] | null = null
  /** areas once fetched, by the revision of their geometry, for as long as the place stays */
  private readonly loaded = new Map<string, Promise<AreaSet>>()
  private reportedLevel = ''
  private levelTimer = 0
  private isMismatched = false
  private isDragged = false
  private reported = ''
  /** what was said of the drawings and not yet answered */
  private told: DrawingsState | null = null
  private tools: string | null = null
  private basemap = ''
  private tiles: L.TileLayer | null = null

  constructor(root: HTMLElement) {
    this.shell = buildShell(root)
    this.map = L.map(this.shell.map, {
      zoomControl: false, attributionControl: false, trackResize: false, minZoom: 5, maxZoom: 18, zoomSnap: 0.25, zoomDelta: 0.5, ...calm(),
    })
    // Leaflet focuses the map when a button of the mouse goes down. The browser would scroll a map that is half out of sight,
    // and the click would land beside what was clicked; Leaflet undoes that for the window only, not for Streamlit's page.
    this.shell.map.focus = () => HTMLElement.prototype.focus.call(this.shell.map, { preventScroll: true })
    for (const pane of Object.values(PANES)) {
      const made = this.map.createPane(pane)
      made.style.zIndex = String(Z_INDEX[pane])
      made.style.pointerEvents = 'none'
    }
    this.outline.addTo(this.map)
    L.control.zoom({ position: 'topleft', zoomInTitle: 'Zoom in', zoomOutTitle: 'Zoom out' }).addTo(this.map)
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(this.map)
    this.drawings = new Drawings(
      this.map, (features) => this.reportDrawings(features), this.shell, (place) => this.points.pointAt(this.map, place, SNAP_PIXELS),
      (corners) => this.keeping.noteCorners(corners),
    )
    this.together = new Together(this.map)
    this.swipe = new Swipe(this.shell.root, this.shell.map.parentElement!)
    this.resizing = new ResizeObserver(() => this.resize())
    this.resizing.observe(this.shell.map)
    this.listen()
    signals().mounts += 1
    signals().place = (longitude, latitude) => {
      const { left, top } = this.shell.map.getBoundingClientRect()
      const { x, y } = this.map.latLngToContainerPoint([latitude, longitude])
      return [left + x, top + y]
    }
  }

  update(component: Component): void {
    this.component = component
    const { data: sent } = component
    this.shell.map.setAttribute('aria-label', sent.label)
    this.shell.map.style.height = `${sent.height}px`
    this.shell.root.style.setProperty('--map-height', `${sent.height}px`)
    this.shell.credit([sent.attribution, sent.basemap?.attribution].filter(Boolean).join(' · '))
    this.showPlace(sent)
    const data = this.seen()
    this.updateLegend(data)
    this.updateGeometry(data)
    this.together.join(data.view_group)
    this.swipe.offer(data.swipe_label)
    this.updatePaint(data)
    this.updateBasemap(data)
    this.updatePoints(data)
    this.updateDrawings(data)
    this.updateSelected(data)
    this.reportLevel()
  }

  remove(): void {
    clearTimeout(this.levelTimer)
    this.resizing.disconnect()
    this.together.leave()
    this.told = null
    this.map.remove()
    signals().removals += 1
  }

  /** What Python sent, as it is seen at this zoom. */
  private seen(): MapData {
    return seenAt(this.component.data, this.map.getZoom())
  }

  /** Goes to another place at once, so that its zoom decides which areas are fetched. */
  private showPlace(data: MapData): void {
    const { bounds } = data.geometry
    if (this.fittedBounds && !isElsewhere(bounds, this.fittedBounds)) return
    this.loaded.clear()
    const isFirst = this.fittedBounds === null
    this.fittedBounds = bounds
    if (isFirst) this.updateLegend(data)
    this.fit(data.geometry)
    if (isFirst) this.points.addTo(this.map)
  }

  /** Larger or smaller areas, once the zoom asks for them; the old ones stay until the new ones are here. */
  private updateLevel(): void {
    const data = this.seen()
    this.updateLegend(data)
    this.updateGeometry(data)
    this.updatePaint(data)
    clearTimeout(this.levelTimer)
    this.levelTimer = window.setTimeout(() => this.reportLevel(), 250)
  }

  /** Tells Python which level is on screen where it takes it to be another, for the table beside the map. */
  private reportLevel(): void {
    const { data } = this.component
    const name = levelAt(data, this.map.getZoom())?.name ?? null
    const report = `${data.geometry.revision} ${name}`
    if (name !== data.level && report !== this.reportedLevel) {
      this.component.setStateValue('level', { revision: data.geometry.revision, name })
    }
    this.reportedLevel = report
  }

  private updateGeometry({ geometry }: MapData): void {
    if (geometry.revision === this.geometryRevision) return
    this.geometryRevision = geometry.revision
    void this.loadAreas(geometry)
  }

  /** Fetches the new areas while the old ones stay; the drawings are not touched. */
  private async loadAreas(geometry: GeometryData): Promise<void> {
    const isStale = () => this.geometryRevision !== geometry.revision
    const patience = setTimeout(() => isStale() || this.shell.message('Loading the map …'), 400)
    try {
      const loaded = await this.areaSet(geometry)
      if (isStale()) return
      this.areas?.remove()
      this.areas = loaded
      this.areasRevision = geometry.revision
      loaded.addTo(this.map)
      this.updateLegend(this.seen())
      signals().level = levelAt(this.component.data, this.map.getZoom())?.name ?? null
      this.shell.message('')
      this.repaint()
      this.showSelected(this.selected)
    } catch (error) {
      if (isStale()) return
      this.areas?.remove() // the old areas under a new title would be a wrong map
      this.areas = null
      this.outline.clearLayers()
      this.updateLegend(this.seen())
      const reason = error instanceof MapError ? error.message : `The map could not be drawn: ${String(error)}`
      this.shell.message(`${reason} The table has the same figures.`, () => void this.loadAreas(geometry))
    } finally {
      clearTimeout(patience)
    }
  }

  private areaSet(geometry: GeometryData): Promise<AreaSet> {
    const { revision } = geometry
    const hooks = {
      changed: () => {
        signals().closeUps += 1
        if (this.areasRevision === revision) this.showSelected(this.selected)
      },
      say: (text: string) => this.shell.message(text),
    }
    const coming = this.loaded.get(revision) ?? loadAreaSet(geometry, hooks)
    this.loaded.set(revision, coming)
    coming.catch(() => this.loaded.delete(revision)) // asked for again by "Try again"
    return coming
  }

  /** The whole place in view, beside the legend where the legend lies over the map. */
  private fit({ bounds }: GeometryData): void {
    const { legend } = this.shell
    const isOver = getComputedStyle(legend).position === 'absolute'
    const right = isOver ? Math.min(legend.offsetWidth, this.shell.map.clientWidth / 3) + 20 : 8
    this.map.fitBounds(latLngBounds(bounds), { animate: false, paddingTopLeft: [48, 8], paddingBottomRight: [right, 20] })
    this.fittedView = this.view()
  }

  /** A map nobody has moved yet still shows the whole place after its box has changed. */
  private resize(): void {
    const isUntouched = this.fittedView !== '' && this.view() === this.fittedView
    this.map.invalidateSize({ animate: false })
    if (isUntouched) this.fit(this.component.data.geometry)
  }

  private view(): string {
    const { lat, lng } = this.map.getCenter()
    return [lat.toFixed(5), lng.toFixed(5), this.map.getZoom()].join()
  }

  /** The legend speaks of what is on screen: while new boundaries are on their way, it waits with the picture. */
  private updateLegend(data: MapData): void {
    if (this.areas && this.areasRevision !== data.geometry.revision) return
    const revision = `${data.paint?.revision ?? ''} ${data.points.map((layer) => layer.revision).join()}`
    if (revision === this.legendRevision) return
    this.legendRevision = revision
    fillLegend(this.shell.legend, data)
  }

  private updatePaint(data: MapData): void {
    const revision = data.paint?.revision ?? ''
    if (revision === this.paintRevision) return
    this.paintRevision = revision
    this.paint = data.paint && decodePaint(data.paint)
    this.repaint()
  }

  /** Colours the areas; while new ones are on their way there is nothing to colour yet. */
  private repaint(): void {
    if (!this.areas || this.areasRevision !== this.geometryRevision) return
    const { paint } = this
    const found = paint?.classes.length
    if (found !== undefined && found !== this.areas.codes.length) {
      this.shell.message(
        `The map has ${this.areas.codes.length} areas, but ${found} values came. The table has the right figures.`,
      )
      this.areas.paint(null)
      this.isMismatched = true
      return
    }
    if (this.isMismatched) this.shell.message('')
    this.isMismatched = false
    const start = performance.now()
    this.areas.paint(paint)
    const now = performance.now()
    Object.assign(signals(), {
      painted: paint?.data.revision ?? '', title: paint?.data.title ?? null, paintedAt: now, paintMs: now - start,
    })
  }

  private updateBasemap({ basemap }: MapData): void {
    const wanted = basemap?.url ?? ''
    if (wanted === this.basemap) return
    this.basemap = wanted
    this.tiles?.remove()
    this.tiles = wanted ? L.tileLayer(wanted, { maxZoom: 19 }).addTo(this.map) : null
    this.shell.map.classList.toggle('hjp-on-basemap', wanted !== '')
  }

  private updatePoints({ points }: MapData): void {
    this.points.show(points).catch((error: unknown) => {
      this.shell.message(error instanceof MapError ? error.message : String(error))
    })
  }

  private updateDrawings(data: MapData): void {
    const { catchments, drawings, drawings_revision: revision, tools } = data
    if (tools.join() !== this.tools) {
      this.tools = tools.join()
      this.drawings.offer(tools)
    }
    this.drawings.learn(catchments)
    const isFirst = this.drawingsRevision === null
    if (this.told && (revision !== this.told.revision || sameDrawings(this.told.features, drawings))) this.told = null
    const isNewSession = this.keeping.isNewSession(data)
    this.keeping.settle(data)
    if (revision === this.drawingsRevision) return
    this.drawingsRevision = revision
    const lost = isFirst || isNewSession ? this.keeping.lost(data) : null
    if (lost) this.bringBack(data, lost.features, lost.base)
    else if (isFirst || !isNewSession || !sameDrawings(JSON.parse(this.reported) as Drawing[], drawings)) {
      if (!isNewSession) this.keeping.forget(data)
      this.reported = JSON.stringify(drawings)
      this.drawings.load(drawings)
    }
    if (isFirst && data.keeping) this.offerCorners()
  }

  /** What this tab had drawn and the server never saw, or lost: on the map again, and told as drawn anew. */
  private bringBack({ drawings_revision: revision, keeping }: MapData, features: Drawing[], base: string): void {
    this.reported = JSON.stringify(features)
    if (!sameDrawings(this.drawings.features(), features)) this.drawings.load(features)
    this.keeping.note(this.component.data, features)
    this.tell({ revision, features, restored_from: base || (keeping?.base ? 'none' : '') })
  }

  /** An area was half drawn when the page was lost: the reader says whether it is wanted. */
  private offerCorners(): void {
    const corners = this.keeping.corners()
    if (!corners.length) return
    const forget = () => this.keeping.noteCorners([])
    const before = 'An area was being drawn when this page was lost.'
    if (corners.length < 3) {
      this.shell.ask(`${before} It had fewer than three corners: please draw it again.`, [['Close', forget]])
      return
    }
    const finish = () => {
      forget()
      this.drawings.finish(corners)
    }
    this.shell.ask(`${before} Its ${corners.length} corners are kept.`, [['Make an area of them', finish], ['Forget them', forget]])
  }

  private updateSelected({ selected, selected_revision: revision }: MapData): void {
    if (revision === this.selectedRevision) return
    const isFirst = this.selectedRevision === null
    this.selectedRevision = revision
    this.showSelected(selected)
    if (!isFirst) this.bringIntoView()
  }

  private reportDrawings(features: Drawing[]): void {
    const text = JSON.stringify(features)
    if (text === this.reported || this.drawingsRevision === null) return
    this.reported = text
    this.keeping.note(this.component.data, features)
    this.tell({ revision: this.drawingsRevision, features })
  }

  /** Streamlit drops what is said while the server is away, and asks for nothing when it is back: say it again. */
  private tell(state: DrawingsState): void {
    this.component.setStateValue('drawings', state)
    if (!this.component.data.keeping) return
    this.told = state
    const attempt = (state.attempt ?? 0) + 1
    const seconds = SAY_AGAIN_SECONDS[Math.min(attempt, SAY_AGAIN_SECONDS.length) - 1]!
    setTimeout(() => this.told === state && this.tell({ ...state, attempt }), seconds * 1000)
  }

  private select(area: number): void {
    const code = this.areas?.codes[area] ?? null
    if (code === this.selected || this.selectedRevision === null) return
    this.showSelected(code)
    this.component.setStateValue('selected', { revision: this.selectedRevision, code })
  }

  private showSelected(code: string | null): void {
    this.selected = code
    this.outline.clearLayers()
    const area = code === null || !this.areas ? -1 : this.areas.codes.indexOf(code)
    if (area >= 0) this.areas?.outline(area).forEach((layer) => this.outline.addLayer(layer))
  }

  private bringIntoView(): void {
    if (this.selected === null || !this.areas) return
    const bounds = this.areas.boundsOf(this.areas.codes.indexOf(this.selected))
    if (bounds && !this.map.getBounds().contains(bounds.getCenter())) this.map.panTo(bounds.getCenter(), calmPan())
  }

  private listen(): void {
    const { map, shell } = this
    map.on('mousemove', ({ latlng, containerPoint, originalEvent }) => {
      const isElsewhere = isOnControl(originalEvent) || this.drawings.isBusy() || this.isDragged
      const lines = isElsewhere ? null : this.linesAt(latlng)
      if (lines) shell.showCard(lines, containerPoint.x, containerPoint.y)
      else shell.hideCard()
    })
    map.on('mouseout movestart zoomstart', () => shell.hideCard())
    map.on('dragstart dragend', ({ type }) => (this.isDragged = type === 'dragstart'))
    map.on('click', ({ latlng, originalEvent }) => {
      if (this.drawings.isBusy() || isOnControl(originalEvent)) return
      this.select(this.areas?.areaAt(latlng) ?? -1)
    })
    shell.map.addEventListener('keydown', (event) => this.onKey(event))
    map.on('moveend', () => this.announceCentre())
    map.on('zoomend', () => this.component && this.fittedBounds && this.updateLevel())
    shell.map.addEventListener('blur', () => shell.hideCard())
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      this.drawings.leave()
      this.shell.hideCard()
      this.shell.readOut('')
    }
    if ((event.ctrlKey || event.metaKey) && ['z', 'Z', 'y'].includes(event.key) && !!this.tools && !this.drawings.isDrawing()) {
      event.preventDefault()
      if (event.key === 'z') this.drawings.undo()
      else this.drawings.redo()
    }
    const isOnMapItself = event.target === this.shell.map
    if (event.key === 'Enter' && isOnMapItself && !this.drawings.isBusy()) {
      event.preventDefault()
      this.select(this.areas?.areaAt(this.map.getCenter()) ?? -1)
      const lines = this.linesAt(this.map.getCenter())
      this.shell.say(lines ? `Selected: ${spoken(lines)}` : 'Nothing selected')
    }
  }

  /** With the keyboard, the area under the cross is the one pointed at. */
  private announceCentre(): void {
    if (!this.shell.map.classList.contains('hjp-by-key')) return
    const centre = this.map.getCenter()
    const lines = this.linesAt(centre)
    this.shell.say(lines ? spoken(lines) : 'No area here')
    const { x, y } = this.map.getSize().divideBy(2)
    if (lines) this.shell.showCard(lines, x, y)
    else this.shell.hideCard()
  }

  private linesAt(place: L.LatLng): CardLines | null {
    const point = this.points.pointAt(this.map, place)
    if (point) return { title: point.name, subtitle: [point.kind, point.layer].filter(Boolean).join(' · '), rows: [], note: '', source: '' }
    const area = this.areas?.areaAt(place) ?? -1
    return area < 0 || !this.areas ? null : areaLines(this.areas, this.paint, area)
  }
}

type Drawing = MapData['drawings'][number]

/** Whether bounds are those of another place, not of other areas of the same one. */
function isElsewhere(bounds: GeometryData['bounds'], fitted: GeometryData['bounds']): boolean {
  const size = Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1])
  return bounds.some((edge, i) => Math.abs(edge - fitted[i]!) > 0.02 * size)
}

function areaLines(areas: AreaSet, paint: Paint | null, area: number): CardLines {
  const [name, code] = [areas.names[area] ?? '', areas.codes[area] ?? '']
  const rows: [string, string][] = []
  if (paint) {
    for (const { label, unit, decimals, values, first } of paint.hover) {
      rows.push([label, numberText(values[area], decimals, unit)])
      if (first) rows.push(rankOf(values, area, first))
    }
    const which = paint.classes[area] ?? NO_DATA
    const words = which === NO_DATA ? paint.data.no_data.label : (paint.data.labels[which] ?? '')
    rows.push(['Class', words])
  }
  return { title: name || code, subtitle: name ? code : '', rows, note: noteOf(paint, area), source: paint?.data.source ?? '' }
}

/** Where an area stands among those with a value; equal values share the better place. */
function rankOf(values: Float32Array, area: number, first: 'high' | 'low'): [string, string] {
  const [own, sign] = [values[area] ?? NaN, first === 'high' ? 1 : -1]
  let [known, before] = [0, 0]
  for (const value of values) {
    if (Number.isNaN(value)) continue
    known += 1
    if (sign * value > sign * own) before += 1
  }
  const end = first === 'high' ? 'highest' : 'lowest'
  return [`Rank (1 is ${end})`, Number.isNaN(own) ? 'no data' : `${numberText(before + 1, 0, '')} of ${numberText(known, 0, '')}`]
}

function noteOf(paint: Paint | null, area: number): string {
  const mark = paint?.markOf(area)
  return !paint || !mark ? '' : mark === 'sure' ? paint.data.marks_label : paint.data.faint_label
}

function numberText(value: number | undefined, decimals: number, unit: string): string {
  if (value === undefined || Number.isNaN(value)) return 'no data'
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
  const text = value.toLocaleString('en-GB', digits)
  return unit === '%' ? `${text}%` : `${text} ${unit}`.trim()
}

function spoken({ title, subtitle, rows, note, source }: CardLines): string {
  const from = source && `source: ${source}`
  return [title, subtitle, ...rows.map(([term, value]) => `${term} ${value}`), note, from].filter(Boolean).join(', ')
}

function isOnControl(event: Event): boolean {
  return event.target instanceof Element && event.target.closest('.leaflet-control') !== null
}

/** No gliding for people who asked their system for less motion. */
function calm(): L.MapOptions {
  const wantsCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  return wantsCalm ? { zoomAnimation: false, fadeAnimation: false, inertia: false, markerZoomAnimation: false } : {}
}

function calmPan(): L.PanOptions {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches ? { animate: false } : {}
}
