import { barHeight, contentTop, type Extent, isScaled, reveal, scrollTopOf } from "./scroll";

/** A scroll container whose content may be higher than browsers allow. */
export class Scroller {
  /** The content pixel at the top edge. */
  top = 0;
  private extent: Extent = { content: 0, viewport: 0 };
  /** Where the bar is, in whole pixels, so that it need not be asked: that would make the browser lay out. */
  private place = 0;
  /** Where the bar was put by us, to tell it from where a person put it. */
  private placed = -1;

  constructor(private readonly element: HTMLElement, private readonly spacer: HTMLElement, private readonly changed: () => void) {
    element.addEventListener("scroll", this.scrolled, { passive: true });
    element.addEventListener("wheel", this.wheeled, { passive: false });
  }

  release(): void {
    this.element.removeEventListener("scroll", this.scrolled);
    this.element.removeEventListener("wheel", this.wheeled);
  }

  resize(extent: Extent): void {
    if (extent.content === this.extent.content && extent.viewport === this.extent.viewport) return;
    this.extent = extent;
    this.spacer.style.height = `${barHeight(extent)}px`;
    this.moveTo(this.top);
  }

  moveTo(top: number): void {
    const most = Math.max(0, this.extent.content - this.extent.viewport);
    this.top = Math.min(most, Math.max(0, top));
    const place = scrollTopOf(this.extent, this.top);
    if (Math.abs(this.place - place) >= 1) {
      this.place = this.placed = Math.round(place);
      this.element.scrollTop = this.placed;
    }
    this.changed();
  }

  reveal(rowTop: number, rowHeight: number): void {
    const wanted = reveal(this.extent, this.top, rowTop, rowHeight);
    if (wanted !== this.top) this.moveTo(wanted);
  }

  private scrolled = () => {
    const place = this.element.scrollTop;
    this.place = place;
    if (Math.abs(place - this.placed) < 1) return;
    this.placed = -1;
    this.top = contentTop(this.extent, place);
    this.changed();
  };

  private wheeled = (event: WheelEvent) => {
    if (event.ctrlKey || event.shiftKey || !isScaled(this.extent) || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? this.extent.viewport : 1;
    this.moveTo(this.top + event.deltaY * unit);
  };
}
