// Maps that show the same view: what one is moved to, by mouse, wheel, finger or key, the others of its group follow.
//
// Followers are moved by value: a map that already shows the view is left alone, so no move can go round in circles.
// While one is dragged its followers only slide; they redraw when it comes to rest, as it does itself.
import L from './leaflet'

interface Group {
  readonly maps: Set<L.Map>
  /** where the group was last, for a map that comes later */
  last: { centre: L.LatLng; zoom: number } | null
  /** the map that the others are following just now */
  leader: L.Map | null
}

declare global {
  interface Window {
    /** on the window, so that maps of two builds of this program on one page still meet, and tests can look */
    __hjpTogether?: Map<string, Group>
  }
}

const NEAR_ENOUGH_PIXELS = 0.5

export class Together {
  private group: Group | null = null
  private name: string | null = null

  constructor(private readonly map: L.Map) {
    map.on('move', () => this.lead(false))
    map.on('zoomanim', ({ center, zoom }) => this.leadTo(center, zoom, true))
    map.on('moveend', () => this.settle())
  }

  /** Belongs to the group of this name from now on; to none where it is null. */
  join(name: string | null): void {
    if (name === this.name) return
    this.leave()
    this.name = name
    if (name === null) return
    const groups = (window.__hjpTogether ??= new Map<string, Group>())
    if (!groups.has(name)) groups.set(name, { maps: new Set(), last: null, leader: null })
    this.group = groups.get(name)!
    this.group.maps.add(this.map)
    const { last } = this.group
    if (last) this.map.setView(last.centre, last.zoom, { animate: false })
    else this.lead(false)
  }

  /** The group remembers its view for the next map, even when nobody is left in it. */
  leave(): void {
    this.group?.maps.delete(this.map)
    this.group = null
    this.name = null
  }

  private lead(isAnimated: boolean): void {
    this.leadTo(this.map.getCenter(), this.map.getZoom(), isAnimated)
  }

  private leadTo(centre: L.LatLng, zoom: number, isAnimated: boolean): void {
    const { group } = this
    if (!group || group.leader !== null) return
    group.last = { centre, zoom }
    this.withFollowers(group, (follower) => {
      if (isAnimated) follower.setView(centre, zoom, { animate: true })
      else follow(follower, centre, zoom)
    })
  }

  private settle(): void {
    const { group } = this
    if (!group || group.leader !== null) return
    const [centre, zoom] = [this.map.getCenter(), this.map.getZoom()]
    group.last = { centre, zoom }
    this.withFollowers(group, (follower) => {
      follow(follower, centre, zoom)
      follower.fire('moveend')
    })
  }

  private withFollowers(group: Group, act: (follower: L.Map) => void): void {
    group.leader = this.map
    try {
      for (const other of group.maps) if (other !== this.map) act(other)
    } finally {
      group.leader = null
    }
  }
}

function follow(follower: L.Map, centre: L.LatLng, zoom: number): void {
  if (follower.getZoom() !== zoom) {
    follower.setView(centre, zoom, { animate: false })
    return
  }
  const away = follower.latLngToContainerPoint(centre).subtract(follower.getSize().divideBy(2))
  if (Math.max(Math.abs(away.x), Math.abs(away.y)) < NEAR_ENOUGH_PIXELS) return
  const pane = follower.getPane('mapPane')!
  L.DomUtil.setPosition(pane, L.DomUtil.getPosition(pane).subtract(away).round())
  follower.fire('move')
}
