import L from 'leaflet'

// Leaflet's own bundle puts itself on `window`; give back whatever stood there.
;(L as unknown as { noConflict(): void }).noConflict()

export default L
