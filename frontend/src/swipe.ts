// A map that lies over another one and shows only what is right of a line, which a slider moves by mouse or key.
// The page puts the two in one place (see compare_maps.py); their views are kept together by together.ts.

export class Swipe {
  private slider: HTMLInputElement | null = null

  constructor(private readonly root: HTMLElement, private readonly frame: HTMLElement) {}

  /** Shows the slider under this label; without one, the whole map is shown and there is none. */
  offer(label: string): void {
    if (!label) {
      this.slider?.parentElement?.remove()
      this.slider = null
      this.frame.style.clipPath = ''
      return
    }
    this.slider ??= this.build()
    this.slider.setAttribute('aria-label', label)
    this.show(this.slider)
  }

  private build(): HTMLInputElement {
    const rail = document.createElement('div')
    rail.className = 'hjp-swipe'
    const slider = document.createElement('input')
    Object.assign(slider, { type: 'range', min: '0', max: '100', step: '1', value: '50' })
    slider.addEventListener('input', () => this.show(slider))
    rail.append(slider)
    this.root.append(rail)
    return slider
  }

  private show(slider: HTMLInputElement): void {
    this.frame.style.clipPath = `inset(0 0 0 ${slider.value}%)`
    slider.parentElement!.style.setProperty('--at', `${slider.value}%`)
    slider.setAttribute('aria-valuetext', `a on the left ${slider.value} %, b on the right ${100 - Number(slider.value)} %`)
  }
}
