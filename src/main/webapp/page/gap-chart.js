import {whileSeen} from './seen.js';

/** The library, once a chart was in view: it is large, and most visits begin elsewhere. */
let uPlot = null;
const HEIGHT = 150;
const dark = matchMedia('(prefers-color-scheme: dark)');

/**
 * The time between events, over the time since the first one. Each event draws a step as high as it is wide: the time
 * that passed before it. So a cut stands out as a block, with a line where it began.
 */
export class GapChart {
  #place;
  #plot = null;
  #intervals = null;
  #cuts = [];
  #due = false;

  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
    dark.addEventListener('change', () => this.#build());
    whileSeen(place, async () => {
      if (this.#plot) return;
      uPlot ??= (await import('./lib/uPlot.esm.js')).default;
      this.#build();
    }, () => {});
  }

  /** Begins anew, with the series of an `Intervals`. */
  start(intervals) {
    this.#intervals = intervals;
    this.#cuts = [];
    this.#build();
  }

  /** Draws what is in the series now, with the next frame. */
  update() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#plot?.setData(this.#data());
    });
  }

  /** Marks a cut, in seconds since the first event. */
  cut(seconds) {
    if (seconds !== null) this.#cuts.push(seconds);
    this.update();
  }

  #data() {
    return [this.#intervals.at, this.#intervals.gaps];
  }

  #size() {
    return {width: Math.max(200, this.#place.clientWidth), height: HEIGHT};
  }

  #build() {
    if (!this.#intervals || !uPlot) return;
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    const font = '11px ' + style.getPropertyValue('--mono').trim();
    const axis = {
      stroke: colour('--soft'), font, size: 44,
      grid: {stroke: colour('--line'), width: 1}, ticks: {show: false},
    };
    this.#plot = new uPlot({
      ...this.#size(),
      padding: [10, 12, 0, 0],
      cursor: {y: false, points: {size: 7}},
      legend: {show: false},
      scales: {
        x: {time: false, range: (_, __, most) => [0, Math.max(4, most ?? 0)]},
        y: {range: (_, __, most) => [0, Math.max(20, (most ?? 0) * 1.15)]},
      },
      axes: [
        {...axis, size: 28, space: 70, values: (_, ticks) => ticks.map(tick => `${tick} s`)},
        {...axis, values: (_, ticks) => ticks.map(tick => tick.toLocaleString('en')), space: 32},
      ],
      series: [{}, {
        stroke: colour('--accent'), width: 2, fill: colour('--accent-wash'), paths: uPlot.paths.stepped({align: -1}),
        points: {show: true, size: 5, width: 1.5, stroke: colour('--accent'), fill: colour('--card')},
      }],
      hooks: {draw: [plot => this.#drawCuts(plot, colour('--cut'))]},
    }, this.#data(), this.#place);
  }

  #drawCuts(plot, colour) {
    const {ctx, bbox} = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const cut of this.#cuts) {
      const x = plot.valToPos(cut, 'x', true);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}
