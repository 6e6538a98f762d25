import uPlot from './lib/uPlot.esm.js';

const HEIGHT = 96;
const dark = matchMedia('(prefers-color-scheme: dark)');

/** A small chart of one or two figures over the last two minutes. */
export class LiveChart {
  #place;
  #names;
  #series;
  #format;
  #plot = null;

  /** @param {string[]} names of the figures in the series */
  constructor(place, series, names, format) {
    this.#place = place;
    this.#series = series;
    this.#names = names;
    this.#format = format;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
    dark.addEventListener('change', () => this.#build());
    this.#build();
  }

  update() {
    this.#plot.setData(this.#data());
  }

  #data() {
    return [this.#series.at, ...this.#names.map(name => this.#series.column(name))];
  }

  #size() {
    return {width: Math.max(120, this.#place.clientWidth), height: HEIGHT};
  }

  #build() {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    const grid = {stroke: colour('--line'), width: 1};
    const axis = {stroke: colour('--soft'), font: '10px ' + colour('--mono'), grid, ticks: {show: false}};
    const colours = [['--accent', '--accent-wash'], ['--thought', null]];
    this.#plot = new uPlot({
      ...this.#size(),
      padding: [8, 2, 8, 0],
      cursor: {show: false},
      legend: {show: false},
      scales: {
        x: {time: false, range: (_, __, most) => [(most ?? 120) - 120, most ?? 120]},
        y: {range: (_, __, most) => [0, Math.max(1, (most ?? 0) * 1.15)]},
      },
      axes: [
        {show: false},
        {...axis, size: 54, space: 28, values: (_, ticks) => ticks.map(this.#format)},
      ],
      series: [{}, ...this.#names.map((_, i) => ({
        stroke: colour(colours[i][0]), width: 1.75, points: {show: false}, spanGaps: true,
        ...colours[i][1] && {fill: colour(colours[i][1])},
      }))],
    }, this.#data(), this.#place);
  }
}
