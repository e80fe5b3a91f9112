// Charts as SVG, as wide as their place: stacks, lines, steps (survival), dots.
const SVG = 'http://www.w3.org/2000/svg', DASHES = ['', '7 3', '2 3', '9 3 2 3', '5 2', '1 4', '12 3', '4 4'];
const EDGE = { left: 46, right: 14, top: 10, bottom: 34 };

function make(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
}

const LEAST = 1e-3;

// From values to places between two ends; ``base`` of a logarithmic scale, none of a plain one.
function scaleOf(values, from, to, base, rounded) {
  const inner = (value) => base ? Math.log(Math.max(value, LEAST)) / Math.log(base) : value;
  let low = inner(Math.min(...values)), high = inner(Math.max(...values));
  const count = Math.abs(to - from) / (from < to ? 80 : 44);
  if (base) { low = Math.floor(low + 1e-9); high = Math.max(Math.ceil(high - 1e-9), low + 1); }
  if (high <= low) high = low + 1;
  if (rounded && !base) high = upTo(low, high, count);
  const place = (value) => from + (inner(value) - low) / (high - low) * (to - from);
  const back = (at) => { const value = low + (at - from) / (to - from) * (high - low); return base ? base ** value : value; };
  const marks = base ? powers(low, high, count, base) : ticks(low, high, count);
  return { place, back, marks, least: base && Math.min(...values) < LEAST ? LEAST : null };
}

// The next round figure above ``high``.
function upTo(low, high, count) {
  const marks = ticks(low, high, count), last = marks[marks.length - 1];
  return last >= high - 1e-9 || marks.length < 2 ? high : last + marks[1] - marks[0];
}

function powers(low, high, count, base) {
  const step = Math.max(1, Math.ceil((high - low) / Math.max(count, 1))), found = [];
  for (let i = low; i <= high + 1e-9; i += step) found.push(base ** i);
  return found;
}

class Chart {
  constructor(place, chart) {
    Object.assign(this, { place, chart });
    this.draw();
  }

  draw() {
    const { chart, place } = this, width = Math.max(place.clientWidth, 240), height = chart.kind === 'stack' ? 200 : 250;
    this.svg = make('svg', { viewBox: `0 0 ${width} ${height}`, height, role: 'img' });
    place.replaceChildren(this.svg);
    const x = chart.kind === 'stack' ? chart.x : chart.series.flatMap((one) => one.x).filter((v) => !chart.logX || v > 0);
    const tops = chart.kind === 'stack' ? this.stacked() : chart.series.flatMap((one) => one.y);
    const y = chart.kind === 'steps' ? [0, 100] : [...(chart.logY ? [] : [0]), ...tops];
    this.x = scaleOf(x.length ? x : [0, 1], EDGE.left, width - EDGE.right, chart.logX);
    this.y = scaleOf(y.length ? y : [0, 1], height - EDGE.bottom, EDGE.top, chart.logY, true);
    this.bounds = { width, height };
    this.axes();
    this[chart.kind]();
    this.keys();
    this.svg.addEventListener('pointermove', (event) => this.read(event));
    this.svg.addEventListener('pointerdown', (event) => this.read(event));
    this.svg.addEventListener('pointerleave', () => { hideTip(); this.cursor.setAttribute('visibility', 'hidden'); });
  }

  axes() {
    const { width, height } = this.bounds;
    for (const mark of this.y.marks) {
      const y = this.y.place(mark);
      make('line', { class: 'grid', x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }, this.svg);
      make('text', { x: EDGE.left - 7, y: y + 4, 'text-anchor': 'end' }, this.svg).textContent = (mark === this.y.least ? '≤ ' : '') + figures(mark);
    }
    for (const mark of this.x.marks) {
      const x = this.x.place(mark);
      make('line', { class: 'grid', x1: x, x2: x, y1: height - EDGE.bottom, y2: height - EDGE.bottom + 4 }, this.svg);
      make('text', { x, y: height - EDGE.bottom + 18, 'text-anchor': 'middle' }, this.svg).textContent = figures(mark);
    }
    const unit = make('text', { x: width - EDGE.right, y: height - 2, 'text-anchor': 'end' }, this.svg);
    unit.textContent = this.chart.xUnit;
    this.cursor = make('line', { class: 'cursor', y1: EDGE.top, y2: height - EDGE.bottom, visibility: 'hidden' }, this.svg);
  }

  stacked() {
    const { x, series } = this.chart;
    return x.map((_, i) => series.reduce((sum, one) => sum + one.y[i], 0));
  }

  stack() {
    const { x, series } = this.chart, base = x.map(() => 0);
    for (const one of series) {
      const upper = x.map((time, i) => `${this.x.place(time).toFixed(1)},${this.y.place(base[i] + one.y[i]).toFixed(1)}`);
      const lower = x.map((time, i) => `${this.x.place(time).toFixed(1)},${this.y.place(base[i]).toFixed(1)}`).reverse();
      make('polygon', { points: [...upper, ...lower].join(' '), fill: `var(--${one.key})` }, this.svg);
      one.y.forEach((value, i) => { base[i] += value; });
    }
  }

  lines() {
    this.chart.series.forEach((one, i) => {
      const points = one.x.map((x, k) => `${this.x.place(x).toFixed(1)},${this.y.place(one.y[k]).toFixed(1)}`);
      make('polyline', { class: 'line', points: points.join(' '), stroke: `var(--s${i % 8})`, 'stroke-dasharray': DASHES[i % 8] }, this.svg);
    });
  }

  steps() {
    this.chart.series.forEach((one, i) => {
      let path = `M${EDGE.left},${this.y.place(100)}`;
      one.x.forEach((x, k) => { path += `H${this.x.place(x).toFixed(1)}V${this.y.place(one.y[k]).toFixed(1)}`; });
      path += `H${this.bounds.width - EDGE.right}`;
      make('path', { class: 'line', d: path, stroke: `var(--s${i % 8})`, 'stroke-dasharray': DASHES[i % 8] }, this.svg);
    });
  }

  dots() {
    this.chart.series.forEach((one, i) => {
      one.x.forEach((x, k) => this.dot(this.x.place(x), this.y.place(one.y[k]), i, this.svg));
    });
  }

  dot(x, y, i, parent) {
    const colours = { stroke: `var(--s${i % 8})`, 'stroke-width': 1.8, fill: i % 2 ? 'none' : `var(--s${i % 8})`, 'fill-opacity': 0.55 };
    const shapes = [
      () => make('circle', { cx: x, cy: y, r: 4, ...colours }, parent),
      () => make('path', { d: `M${x - 4},${y - 4}l8,8m0,-8l-8,8`, ...colours }, parent),
      () => make('path', { d: `M${x},${y - 5}l5,8h-10z`, ...colours }, parent),
      () => make('rect', { x: x - 4, y: y - 4, width: 8, height: 8, ...colours }, parent),
    ];
    shapes[i % 4]();
  }

  keys() {
    const list = document.createElement('ul'), { chart } = this;
    list.className = 'keys';
    if (chart.kind === 'stack') return;  // its colours are the map's
    chart.series.forEach((one, i) => {
      const item = document.createElement('li'), sign = make('svg', { viewBox: '0 0 22 12', 'aria-hidden': 'true' });
      if (chart.kind === 'dots') this.dot(11, 6, i, sign);
      else make('path', { class: 'line', d: 'M0,6H22', stroke: `var(--s${i % 8})`, 'stroke-dasharray': DASHES[i % 8] }, sign);
      item.append(sign, one.name);
      list.append(item);
    });
    this.place.append(list);
  }

  // What is nearest to the pointer.
  read(event) {
    const box = this.svg.getBoundingClientRect(), x = (event.clientX - box.left) * this.bounds.width / box.width;
    const y = (event.clientY - box.top) * this.bounds.height / box.height, { chart } = this;
    if (chart.kind === 'dots') { this.readDot(x, y, event); return; }
    const value = this.x.back(Math.min(Math.max(x, EDGE.left), this.bounds.width - EDGE.right));
    const lines = chart.series.map((one) => `${figures(this.at(one, value))} ${chart.unit} ${one.name}`);
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    this.cursor.setAttribute('visibility', x < EDGE.left ? 'hidden' : 'visible');
    showTip(`${figures(value)} ${chart.xUnit}`, chart.kind === 'stack' ? lines.reverse() : lines, event.clientX, event.clientY);
  }

  at(one, value) {
    const x = this.chart.kind === 'stack' ? this.chart.x : one.x;
    let last = x.findIndex((time) => time > value);
    if (last < 0) last = x.length;
    if (this.chart.kind === 'steps') return last ? one.y[last - 1] : 100;
    return one.y[Math.max(0, last - 1)];
  }

  readDot(x, y, event) {
    let best = null;
    this.chart.series.forEach((one) => one.x.forEach((value, k) => {
      const away = Math.hypot(this.x.place(value) - x, this.y.place(one.y[k]) - y);
      if (away < 18 && (!best || away < best.away)) best = { away, one, k };
    }));
    if (!best) { hideTip(); return; }
    const { one, k } = best, { chart } = this;
    showTip(one.name, [`${figures(one.x[k])} ${chart.xUnit}: ${figures(one.y[k])} ${chart.unit}`, one.labels[k]], event.clientX, event.clientY);
  }
}
