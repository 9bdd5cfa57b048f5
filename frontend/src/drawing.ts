// What people draw: circles (a point with a radius), travel-time catchments (a point with minutes) and polygons, through
// Geoman, as GeoJSON that Python can keep.
import { Reaches, isCatchment, travelOf } from './catchments'
import type { Position } from 'geojson'
import { History, dim, historyButtons } from './history'
import L from './leaflet'
import { Panel, type Chosen, type TravelTime } from './panel'
import type { FoundPoint } from './points'
import type { CatchmentData, Drawing, DrawingProperties, MapData } from './protocol'
import { Ghosts, LOOK, POINT, POINT_PIXELS, STYLE, featureOf, layerOf, lookOf, positionOf, type DrawnLayer } from './shapes'
import type { Shell } from './shell'

type Shape = 'Circle' | 'CircleMarker' | 'Polygon'

/** Button words and hints, in place of Geoman's ("Draw Polygons", "Edit Layers", "vertex"). */
const WORDS = {
  tooltips: {
    firstVertex: 'Click to place the first corner',
    continueLine: 'Click to place the next corner',
    finishPoly: 'Click the first corner to finish',
    startCircle: 'Click to place the point',
    finishCircle: 'Click to set the radius',
    placeCircleMarker: 'Click the place that people would travel to',
  },
  actions: { finish: 'Finish', cancel: 'Cancel', removeLastVertex: 'Remove last corner' },
  buttonTitles: {
    drawCircleButton: 'Draw a point with a radius',
    drawPolyButton: 'Draw an area',
    drawCircleMarkerButton: 'Travel-time catchment: click a point',
    editButton: 'Change shapes: drag their handles',
    dragButton: 'Move shapes: drag them',
    deleteButton: 'Delete shapes: click them',
  },
}

export class Drawings {
  private readonly group = L.featureGroup()
  private readonly properties = new Map<DrawnLayer, DrawingProperties>()
  /** shapes this map cannot draw (a line, say): never shown, never lost */
  private others: Drawing[] = []
  private readonly ghosts: Ghosts
  private readonly history = new History()
  private readonly buttons: { undo: HTMLAnchorElement; redo: HTMLAnchorElement }
  private readonly reaches: Reaches
  private readonly panel: Panel
  /** what the panel speaks of; null for the catchment that is drawn next */
  private chosen: DrawnLayer | null = null
  private travel: TravelTime = { minutes: 20, mode: 'drive' }

  constructor(
    private readonly map: L.Map,
    private readonly tell: (features: Drawing[]) => void,
    private readonly shell: Pick<Shell, 'readOut' | 'say'>,
    private readonly siteNear: (place: L.LatLng) => FoundPoint | null,
    private readonly noteCorners: (corners: Position[]) => void,
  ) {
    this.buttons = historyButtons(map, () => this.undo(), () => this.redo())
    this.group.addTo(map)
    this.ghosts = new Ghosts(map)
    this.reaches = new Reaches(map)
    this.panel = new Panel(map, (chosen) => this.changeChosen(chosen), () => this.done())
    map.pm.setLang('en', WORDS as Parameters<typeof map.pm.setLang>[1], 'en')
    map.pm.setGlobalOptions({
      layerGroup: this.group,
      allowSelfIntersection: false,
      continueDrawing: false,
      resizeableCircleMarker: false,
      pathOptions: { ...STYLE, ...LOOK['new'] },
      templineStyle: { color: '#9d174d', weight: 2.5 },
      hintlineStyle: { color: '#9d174d', weight: 2, dashArray: '5 5' },
    })
    map.on('pm:create', ({ layer, shape }) => this.created(layer as DrawnLayer, shape as Shape))
    map.on('pm:remove', ({ layer }) => this.removed(layer as DrawnLayer))
    map.on('pm:drawstart', ({ workingLayer, shape }) => this.readRadiusWhileDrawing(workingLayer, shape as Shape))
    map.on('pm:drawstart', ({ shape }) => this.choose(null, shape === 'CircleMarker'))
    map.on('pm:drawstart', ({ workingLayer, shape }) => this.keepCornersWhileDrawing(workingLayer, shape as Shape))
    map.on('pm:drawend', () => this.shell.readOut(''))
    map.on('pm:drawend', () => this.chosen ?? this.panel.hide())
    map.on('click', () => this.isBusy() || this.choose(null))
    map.on('pm:globaleditmodetoggled', ({ enabled }) => map.getContainer().classList.toggle('hjp-editing', enabled))
  }

  /** Puts exactly these drawings on the map; what was there is replaced, can be undone, and nothing is reported. */
  load(features: Drawing[]): void {
    this.ghosts.begin(features)
    this.history.keep(features)
    this.show(features)
  }

  /** What Python has worked out of the catchments as they were last told. */
  learn(catchments: CatchmentData[]): void {
    this.reaches.learn(catchments)
    this.showReaches()
    for (const layer of this.properties.keys()) if (isCatchment(layer)) this.label(layer)
  }

  undo(): void {
    this.goTo(this.history.back(), 'Undone', 'There is nothing to undo')
  }

  redo(): void {
    this.goTo(this.history.forward(), 'Done again', 'There is nothing to do again')
  }

  private goTo(features: Drawing[] | null, done: string, none: string): void {
    this.shell.say(features ? `${done}: ${features.length} drawn` : none)
    if (!features) return
    this.show(features)
    this.tell(features)
  }

  private report(features: Drawing[]): void {
    this.history.keep(features)
    this.showHistory()
    this.tell(features)
  }

  private showHistory(): void {
    dim(this.buttons.undo, !this.history.canGoBack)
    dim(this.buttons.redo, !this.history.canGoForward)
  }

  private show(features: Drawing[]): void {
    const { pm } = this.map
    const mode = { edit: pm.globalEditModeEnabled(), drag: pm.globalDragModeEnabled(), remove: pm.globalRemovalModeEnabled() }
    const chosen = this.chosen && this.properties.get(this.chosen)?.id
    this.leaveModes()
    this.group.clearLayers()
    this.properties.clear()
    this.others = []
    for (const feature of features) {
      const layer = layerOf(feature)
      if (layer) this.adopt(layer.addTo(this.group), feature.properties)
      else this.others.push(feature)
    }
    this.choose([...this.properties].find(([, { id }]) => chosen && id === chosen)?.[0] ?? null)
    this.showReaches()
    this.showHistory()
    if (mode.edit) pm.enableGlobalEditMode()
    if (mode.drag) pm.enableGlobalDragMode()
    if (mode.remove) pm.enableGlobalRemovalMode()
  }

  /** The tool bar, with only the tools asked for. */
  offer(tools: MapData['tools']): void {
    const { pm } = this.map
    pm.removeControls()
    this.buttons.undo.parentElement!.hidden = tools.length === 0
    if (!tools.length) return
    pm.addControls({
      position: 'topleft',
      drawMarker: false, drawPolyline: false, drawRectangle: false, drawText: false,
      cutPolygon: false, rotateMode: false,
      drawCircle: tools.includes('point_radius'),
      drawPolygon: tools.includes('polygon'),
      drawCircleMarker: tools.includes('travel_time'),
    })
    nameButtons(this.map.getContainer())
  }

  isBusy(): boolean {
    const { pm } = this.map
    return pm.globalDrawModeEnabled() || pm.globalEditModeEnabled() || pm.globalDragModeEnabled() || pm.globalRemovalModeEnabled()
  }

  isDrawing(): boolean {
    return this.map.pm.globalDrawModeEnabled()
  }

  /** Leaves whatever is being drawn, changed or chosen. */
  leave(): void {
    this.leaveModes()
    this.choose(null)
  }

  leaveModes(): void {
    const { pm } = this.map
    pm.disableDraw()
    pm.disableGlobalEditMode()
    pm.disableGlobalDragMode()
    pm.disableGlobalRemovalMode()
  }

  /** What is on the map. */
  features(): Drawing[] {
    return [...[...this.properties].map(([layer, properties]) => featureOf(layer, properties)), ...this.others]
  }

  private created(layer: DrawnLayer, shape: Shape): void {
    this.group.addLayer(layer)
    const travel = shape === 'CircleMarker' ? this.travel : {}
    this.adopt(layer, { id: randomId(), name: this.freeName(shape === 'Polygon' ? 'Area' : 'Point'), status: 'new', ...travel })
    if (isCatchment(layer)) layer.setRadius(POINT_PIXELS)
    this.snap(layer)
    this.showReaches()
    this.report(this.features())
    this.choose(layer)
  }

  private removed(layer: DrawnLayer): void {
    this.group.removeLayer(layer)
    if (!this.properties.delete(layer)) return
    if (this.chosen === layer) this.choose(null)
    this.showReaches()
    this.report(this.features())
  }

  /** Opens the panel on a drawing, or on the catchment to come, or closes it. */
  private choose(layer: DrawnLayer | null, isNext = false): void {
    this.chosen = layer
    const properties = layer && this.properties.get(layer)
    if (properties && this.buttons.undo.parentElement?.hidden === false) {
      this.panel.show({ name: properties.name, travel: isCatchment(layer!) ? travelOf(properties) : null })
    } else if (isNext) this.panel.show({ name: null, travel: this.travel })
    else this.panel.hide()
  }

  /** The panel's Done: nothing is chosen and nothing being drawn; the map has the keys again. */
  private done(): void {
    if (this.isDrawing()) this.map.pm.disableDraw()
    this.choose(null)
    this.map.getContainer().focus()
  }

  private changeChosen({ name, travel }: Chosen): void {
    if (travel) this.travel = travel
    const properties = this.chosen && this.properties.get(this.chosen)
    if (!this.chosen || !properties) return
    if (name) properties.name = name
    if (travel && isCatchment(this.chosen)) Object.assign(properties, travel)
    this.edited(this.chosen)
  }

  /** The areas that each catchment reaches, where Python has said so of the catchment as it stands. */
  private showReaches(): void {
    this.ghosts.show(this.features())
    const drawn = [...this.properties].flatMap(([layer, properties]) => {
      const travel = isCatchment(layer) && travelOf(properties)
      return travel ? [{ place: (layer as L.CircleMarker).getLatLng(), travel, style: lookOf(properties) }] : []
    })
    this.reaches.draw(drawn)
  }

  private adopt(layer: DrawnLayer, properties: DrawingProperties): void {
    this.properties.set(layer, properties)
    this.restyle(layer, properties)
    const isPoint = layer instanceof L.CircleMarker
    layer.bindTooltip('', {
      permanent: true, interactive: false, opacity: 1,
      direction: isPoint ? 'top' : 'center',
      className: isPoint ? 'hjp-drawing-label' : 'hjp-drawing-label hjp-area-label',
    })
    this.label(layer)
    layer.on('pm:change pm:markerdrag pm:drag', () => this.label(layer))
    if (isCatchment(layer)) layer.on('pm:drag', () => this.showReaches())
    layer.on('click', (event) => this.isDrawing() || this.map.pm.globalRemovalModeEnabled() || this.pick(layer, event))
    // Geoman ends an edit in several ways and often reports it twice; report() tells Python of real changes only.
    layer.on('pm:edit pm:update pm:dragend pm:markerdragend pm:vertexremoved', () => this.edited(layer))
  }

  private pick(layer: DrawnLayer, event: L.LeafletMouseEvent): void {
    if (!isCatchment(layer)) return // the inside of other shapes still says which area is there
    L.DomEvent.stop(event)
    this.choose(layer)
  }

  private restyle(layer: DrawnLayer, properties: DrawingProperties): void {
    const look = lookOf(properties)
    const isHollow = look.dashArray !== undefined
    layer.setStyle(isCatchment(layer) ? { ...look, ...POINT, dashArray: undefined, ...(isHollow && { fillColor: '#ffffff' }) } : look)
  }

  private edited(layer: DrawnLayer): void {
    const properties = this.properties.get(layer)
    if (!properties) return
    if (properties.status === 'existing') {
      properties.status = 'edited'
      this.restyle(layer, properties)
    }
    this.snap(layer)
    this.label(layer)
    this.showReaches()
    this.report(this.features())
    if (this.chosen === layer) this.choose(layer)
  }

  /** A circle or catchment drawn or moved on to a named site stands on it exactly and takes its name; moved away, it forgets it. */
  private snap(layer: DrawnLayer): void {
    const properties = this.properties.get(layer)
    if (!properties || !(layer instanceof L.CircleMarker)) return
    const site = this.siteNear(layer.getLatLng())
    const wasAt = properties.at_site
    if (!site) {
      delete properties.at_site
      if (wasAt !== undefined && properties.name === wasAt) properties.name = this.freeName('Point')
    } else if (!layer.getLatLng().equals(site.place) || wasAt !== site.name) {
      layer.setLatLng(site.place)
      if (wasAt === properties.name || /^Point \d+$/.test(properties.name)) properties.name = site.name
      properties.at_site = site.name
      this.shell.say(`Placed on ${site.name}`)
    }
    this.label(layer)
  }

  /** The name (as text, never as markup) and, for a circle, its radius as it stands. */
  private label(layer: DrawnLayer): void {
    const properties = this.properties.get(layer)
    if (!properties) return
    const text = document.createElement('span')
    text.textContent = properties.name
    const parts: HTMLElement[] = [text]
    const reach = this.reachOf(layer, properties)
    if (reach) {
      const said = document.createElement('span')
      said.className = isCatchment(layer) ? 'hjp-radius hjp-minutes' : 'hjp-radius'
      said.textContent = reach
      parts.push(said)
    }
    const content = document.createElement('div')
    content.append(...parts)
    layer.setTooltipContent(content)
    if (layer.isTooltipOpen()) layer.getTooltip()?.setLatLng(layer instanceof L.CircleMarker ? layer.getLatLng() : layer.getCenter())
  }

  private reachOf(layer: DrawnLayer, properties: DrawingProperties): string {
    if (layer instanceof L.Circle) return kilometres(layer.getRadius())
    const travel = isCatchment(layer) && travelOf(properties)
    return travel ? this.reaches.words((layer as L.CircleMarker).getLatLng(), travel) : ''
  }

  private readRadiusWhileDrawing(layer: L.Layer | undefined, shape: Shape): void {
    if (shape !== 'Circle' || !(layer instanceof L.Circle)) return
    let isPlaced = false
    layer.on('pm:centerplaced', () => (isPlaced = true))
    const show = () => {
      if (isPlaced) this.shell.readOut(`Radius ${kilometres(layer.getRadius())}`)
    }
    this.map.on('mousemove', show)
    this.map.once('pm:drawend', () => this.map.off('mousemove', show))
  }

  /** An area half drawn is told corner by corner, so that it is not lost with the page. */
  private keepCornersWhileDrawing(layer: L.Layer | undefined, shape: Shape): void {
    if (shape !== 'Polygon' || !(layer instanceof L.Polyline)) return
    const note = () => this.noteCorners((layer.getLatLngs() as L.LatLng[]).map(positionOf))
    layer.on('pm:vertexadded pm:vertexremoved', note)
    this.map.once('pm:drawend', () => this.noteCorners([]))
  }

  /** Makes an area of corners that were set before the page was lost. */
  finish(corners: Position[]): void {
    this.created(L.polygon(corners.map(([longitude, latitude]): L.LatLngTuple => [latitude!, longitude!]), STYLE).addTo(this.map), 'Polygon')
  }

  private freeName(kind: string): string {
    const taken = new Set([...this.properties.values()].map((each) => each.name))
    let number = 1
    while (taken.has(`${kind} ${number}`)) number++
    return `${kind} ${number}`
  }
}

/** Kilometres with one decimal, two below a kilometre. */
export function kilometres(metres: number): string {
  return `${(metres / 1000).toFixed(metres < 1000 ? 2 : 1)} km`
}

/** crypto.randomUUID is missing where the server is reached over plain http. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Geoman puts a title on the box around each button; the button itself needs the name. */
function nameButtons(container: HTMLElement): void {
  for (const box of container.querySelectorAll<HTMLElement>('.button-container[title]')) {
    box.querySelector('.leaflet-buttons-control-button')?.setAttribute('aria-label', box.title)
  }
}
