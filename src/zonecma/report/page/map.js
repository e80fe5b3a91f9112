// The map of memory: rows of frames from top to bottom, moments from left to right.
const LEFT = 58, RIGHT = 12, TOP = 30, BOTTOM = 24, SMALLEST = 8;

class MemoryMap {
  constructor(canvas, map, calls, cells) {
    Object.assign(this, { canvas, map, calls, cells });
    this.chosen = null;
    this.image = document.createElement('canvas');
    this.image.width = map.moments;
    this.image.height = map.rows;
    this.all = { t0: map.start, t1: map.end, r0: 0, r1: map.rows };
    this.view = { ...this.all };
    this.paintCells();
    this.listen();
  }

  // Cells

  share(row, holder, moment) {
    return this.cells[(row * this.map.holders.length + holder) * this.map.moments + moment] / 255;
  }

  paintCells() {
    const { moments, rows, holders } = this.map;
    const paint = this.image.getContext('2d');
    const image = paint.createImageData(moments, rows);
    const colours = holders.map((holder) => rgb(holder.key));
    const free = holders.findIndex((holder) => holder.key === 'free');
    for (let row = 0; row < rows; row++) {
      for (let moment = 0; moment < moments; moment++) {
        const [holder, weight] = this.holderOf(row, moment, free);
        const at = 4 * (row * moments + moment);
        for (let i = 0; i < 3; i++) {
          image.data[at + i] = colours[free][i] + weight * (colours[holder][i] - colours[free][i]);
        }
        image.data[at + 3] = 255;
      }
    }
    paint.putImageData(image, 0, 0);
  }

  // The holder that gives a cell its colour, and how strong that is.
  holderOf(row, moment, free) {
    if (this.chosen !== null) return [this.chosen, this.share(row, this.chosen, moment) ** 0.6];
    let most = free, share = 0, used = 0;
    for (let holder = 0; holder < this.map.holders.length; holder++) {
      if (holder === free) continue;
      const own = this.share(row, holder, moment);
      used += own;
      if (own > share) { most = holder; share = own; }
    }
    return [most, used < 0.02 ? used : 0.3 + 0.7 * Math.min(used, 1)];
  }

  // Places

  get width() { return this.canvas.clientWidth - LEFT - RIGHT; }
  get height() { return this.canvas.clientHeight - TOP - BOTTOM; }
  x(time) { return LEFT + (time - this.view.t0) / (this.view.t1 - this.view.t0) * this.width; }
  y(row) { return TOP + (row - this.view.r0) / (this.view.r1 - this.view.r0) * this.height; }
  time(x) { return this.view.t0 + (x - LEFT) / this.width * (this.view.t1 - this.view.t0); }
  row(y) { return this.view.r0 + (y - TOP) / this.height * (this.view.r1 - this.view.r0); }
  rowOf(pfn) { return pfn / this.map.rowFrames; }
  moment(time) {
    const { start, end, moments } = this.map;
    return Math.min(moments - 1, Math.max(0, Math.floor((time - start) / (end - start) * moments)));
  }

  // Drawing

  draw() {
    const scale = devicePixelRatio || 1;
    const paint = this.canvas.getContext('2d');
    this.canvas.width = Math.round(this.canvas.clientWidth * scale);
    this.canvas.height = Math.round(this.canvas.clientHeight * scale);
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.font = '11.5px system-ui, sans-serif';
    this.drawCells(paint);
    paint.save();
    paint.beginPath();
    paint.rect(LEFT, TOP, this.width, this.height);
    paint.clip();
    this.drawBounds(paint);
    this.calls.forEach((call) => this.drawRanges(paint, call));
    paint.restore();
    this.drawAxes(paint);
    this.drawAreas(paint);
    this.drawCalls(paint);
    this.tellRange();
  }

  drawCells(paint) {
    const { start, end, moments } = this.map, view = this.view;
    const perSecond = moments / (end - start);
    paint.imageSmoothingEnabled = (view.r1 - view.r0) > this.height * 1.2;
    paint.imageSmoothingQuality = 'high';
    paint.drawImage(
      this.image,
      (view.t0 - start) * perSecond, view.r0, (view.t1 - view.t0) * perSecond, view.r1 - view.r0,
      LEFT, TOP, this.width, this.height,
    );
  }

  drawBounds(paint) {
    paint.strokeStyle = colour('soft');
    paint.setLineDash([4, 4]);
    paint.lineWidth = 1;
    for (const time of this.map.load) {
      if (time !== null) line(paint, this.x(time), TOP, this.x(time), TOP + this.height);
    }
    paint.setLineDash([1, 3]);
    for (const zone of this.map.zones.slice(1)) {
      line(paint, LEFT, this.y(this.rowOf(zone.start)), LEFT + this.width, this.y(this.rowOf(zone.start)));
    }
    paint.setLineDash([]);
  }

  // The areas: a bracket on the left, and a thin frame.
  drawAreas(paint) {
    for (const area of this.map.areas) {
      const top = Math.max(this.y(this.rowOf(area.start)), TOP);
      const bottom = Math.min(this.y(this.rowOf(area.end)), TOP + this.height);
      if (bottom <= top) continue;
      paint.strokeStyle = colour('ink');
      paint.lineWidth = 2;
      paint.beginPath();
      paint.moveTo(LEFT, top + 1); paint.lineTo(LEFT - 5, top + 1);
      paint.lineTo(LEFT - 5, bottom - 1); paint.lineTo(LEFT, bottom - 1);
      paint.stroke();
      paint.save();
      paint.translate(LEFT - 10, (top + bottom) / 2);
      paint.rotate(-Math.PI / 2);
      paint.fillStyle = colour('ink');
      paint.textAlign = 'center';
      paint.textBaseline = 'alphabetic';
      const fits = (text) => paint.measureText(text).width < bottom - top;
      paint.fillText(['CMA ' + area.name, 'CMA', ''].find(fits), 0, 0);
      paint.restore();
    }
  }

  drawRanges(paint, call) {
    for (const range of call.ranges) {
      if (range.start === null) continue;
      const x = this.x(range.t), width = Math.max(this.x(range.t + range.ms / 1e3) - x, 2);
      const y = this.y(this.rowOf(range.start)), height = this.y(this.rowOf(range.end)) - y;
      const got = range.outcome === 'ok';
      paint.globalAlpha = got ? 0.9 : 0.75;
      paint.strokeStyle = got ? colour('contiguous') : colour('bad');
      paint.lineWidth = got ? 2 : 1.25;
      paint.strokeRect(x, y, width, Math.max(height, 2));
      if (range.pfn !== null && range.pfn !== undefined) {
        diamond(paint, x + width / 2, this.y(this.rowOf(range.pfn)), 3.5);
      }
    }
    paint.globalAlpha = 1;
  }

  // The lane above the map: a mark for each call.
  drawCalls(paint) {
    this.marks = [];
    for (const call of this.calls) {
      const x = this.x(call.t);
      if (x < LEFT - 1 || x > LEFT + this.width + 1) continue;
      const ok = call.outcome === 'ok';
      paint.strokeStyle = paint.fillStyle = ok ? colour('s2') : colour('bad');
      paint.lineWidth = 2;
      if (ok) { paint.beginPath(); paint.arc(x, TOP - 12, 4, 0, 7); paint.fill(); } else { cross(paint, x, TOP - 12, 4); }
      paint.globalAlpha = 0.35;
      paint.lineWidth = 1;
      line(paint, x, TOP - 6, x, TOP);
      paint.globalAlpha = 1;
      this.marks.push({ x, call });
    }
    paint.fillStyle = colour('soft');
    paint.textAlign = 'right';
    paint.textBaseline = 'middle';
    if (this.calls.length) paint.fillText('calls', LEFT - 12, TOP - 12);
  }

  drawAxes(paint) {
    paint.fillStyle = colour('soft');
    paint.strokeStyle = colour('line');
    paint.lineWidth = 1;
    paint.textAlign = 'center';
    paint.textBaseline = 'top';
    for (const time of ticks(this.view.t0, this.view.t1, this.width / 90)) {
      line(paint, this.x(time), TOP + this.height, this.x(time), TOP + this.height + 4);
      if (this.x(time) < LEFT + this.width - 12) paint.fillText(figures(time) + ' s', this.x(time), TOP + this.height + 7);
    }
    const mib = this.map.rowFrames * this.map.pageKib / 1024;
    paint.textAlign = 'right';
    paint.textBaseline = 'middle';
    for (const place of sizeTicks(this.view.r0 * mib, this.view.r1 * mib, this.height / 60)) {
      const y = this.y(place / mib), text = place >= 1024 ? figures(place / 1024) + ' G' : figures(place) + ' M';
      if (!this.inArea(place / mib)) paint.fillText(text, LEFT - 8, Math.min(y, TOP + this.height - 5));
      line(paint, LEFT - 4, y, LEFT, y);
    }
  }

  // Whether the name of an area stands here, at its bracket's middle.
  inArea(row) {
    return this.map.areas.some((area) => {
      const top = Math.max(this.y(this.rowOf(area.start)), TOP);
      const bottom = Math.min(this.y(this.rowOf(area.end)), TOP + this.height);
      return bottom > top && Math.abs(this.y(row) - (top + bottom) / 2) < 16 + 4 * area.name.length;
    });
  }

  tellRange() {
    const { t0, t1, r0, r1 } = this.view, first = Math.floor(r0), last = Math.ceil(r1);
    document.getElementById('range').textContent =
      `${figures(t0)} to ${figures(t1)} s, rows ${first} to ${last} of ${this.map.rows}`;
  }

  // Reading a cell

  describe(x, y) {
    if (y < TOP) {
      const near = (this.marks || []).filter((mark) => Math.abs(mark.x - x) < 8);
      if (!near.length) return null;
      near.sort((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x));
      return this.describeCall(near[0].call);
    }
    const time = this.time(x), row = Math.floor(this.row(y));
    if (x < LEFT || x > LEFT + this.width || y > TOP + this.height || row < 0 || row >= this.map.rows) return null;
    return this.describeCell(row, time, this.row(y));
  }

  describeCell(row, time, exact) {
    const { rowFrames, blocksPerRow, holders, areas, pageKib } = this.map;
    const first = row * rowFrames, moment = this.moment(time), block = row * blocksPerRow;
    const name = blocksPerRow > 1 ? `Pageblocks ${block} to ${block + blocksPerRow - 1}` : `Pageblock ${block}`;
    const lines = [`frames ${hex(first)} to ${hex(first + rowFrames - 1)}, ${figures(time)} s`];
    const area = areas.find((one) => first >= one.start && first < one.end);
    lines.push(`${figures(first * pageKib / 1024)} MiB` + (area ? `, in CMA ${area.name}` : ''));
    const held = holders.map((holder, i) => [this.share(row, i, moment), holder.name]);
    held.sort((a, b) => b[0] - a[0]);
    held.filter(([share]) => share > 0).forEach(([share, what]) => lines.push(`${figures(100 * share)} % ${what}`));
    for (const call of this.callsAt(time, exact * rowFrames).slice(0, 3)) lines.push(call);
    return { heading: name, lines };
  }

  // The ranges that were tried here, as near as one can point.
  callsAt(time, pfn) {
    const near = 4 / this.width * (this.view.t1 - this.view.t0), found = [];
    for (const call of this.calls) {
      for (const range of call.ranges) {
        if (range.start === null || pfn < range.start || pfn >= range.end) continue;
        if (time < range.t - near || time > range.t + range.ms / 1e3 + near) continue;
        const what = range.pfn ? `: ${range.kind}, frame ${hex(range.pfn)}` : '';
        found.push(`call ${call.n}: this range ${range.outcome === 'ok' ? 'got' : range.outcome}${what}`);
        break;
      }
    }
    return found;
  }

  describeCall(call) {
    const mib = call.size * this.map.pageKib / 1024, lines = [`${call.task} asked for ${figures(mib)} MiB at ${figures(call.t)} s`];
    lines.push(call.outcome === 'ok' ? `got frame ${hex(call.pfn)}` : `failed: ${call.outcome}`);
    if (call.ms !== null) lines.push(`took ${figures(call.ms)} ms, ${call.tried} ${call.tried === 1 ? 'range' : 'ranges'} tried`);
    const kinds = new Set(call.ranges.map((range) => range.kind).filter(Boolean));
    if (kinds.size) lines.push('in the way: ' + [...kinds].join(', '));
    return { heading: `Call ${call.n}`, lines };
  }

  // Zoom and move

  show(view) {
    const { t0, t1, r0, r1 } = this.all;
    const span = Math.min(Math.max(view.t1 - view.t0, (t1 - t0) * SMALLEST / this.map.moments / 8), t1 - t0);
    const rows = Math.min(Math.max(view.r1 - view.r0, Math.min(SMALLEST, r1)), r1 - r0);
    const start = Math.min(Math.max(view.t0, t0), t1 - span), top = Math.min(Math.max(view.r0, r0), r1 - rows);
    this.view = { t0: start, t1: start + span, r0: top, r1: top + rows };
    this.canvas.classList.toggle('zoomed', span < t1 - t0 || rows < r1 - r0);
    this.draw();
  }

  zoom(factor, x = LEFT + this.width / 2, y = TOP + this.height / 2) {
    const { t0, t1, r0, r1 } = this.view, time = this.time(x), row = this.row(y);
    this.show({
      t0: time - (time - t0) * factor, t1: time + (t1 - time) * factor,
      r0: row - (row - r0) * factor, r1: row + (r1 - row) * factor,
    });
  }

  move(right, down) {
    const { t0, t1, r0, r1 } = this.view, time = right * (t1 - t0), rows = down * (r1 - r0);
    this.show({ t0: t0 + time, t1: t1 + time, r0: r0 + rows, r1: r1 + rows });
  }

  showAreas() {
    const rows = this.map.areas.flatMap((area) => [this.rowOf(area.start), this.rowOf(area.end)]);
    if (rows.length) this.show({ ...this.view, r0: Math.min(...rows) - 1, r1: Math.max(...rows) + 1 });
  }

  showLoad() {
    const [start, end] = this.map.load;
    this.show({ ...this.all, t0: start ?? this.all.t0, t1: end ?? this.all.t1 });
  }

  showCall(number) {
    const call = this.calls.find((one) => one.n === number);
    if (!call) return;
    const took = Math.max((call.ms || 0) / 1e3, (this.all.t1 - this.all.t0) / 40);
    this.showAreas();
    this.show({ ...this.view, t0: call.t - 2 * took, t1: call.t + 4 * took });
    this.canvas.scrollIntoView({ block: 'center' });
  }

  choose(holder) {
    this.chosen = this.chosen === holder ? null : holder;
    this.paintCells();
    this.draw();
  }

  listen() {
    const canvas = this.canvas, fingers = new Map();
    let moved = false;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const read = (event) => {
      const found = this.describe(...place(event));
      if (found) showTip(found.heading, found.lines, event.clientX, event.clientY); else hideTip();
    };
    canvas.addEventListener('pointerdown', (event) => {
      fingers.set(event.pointerId, place(event));
      moved = false;
      if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId), now = place(event);
      if (!before) { read(event); return; }
      if (fingers.size === 1) {
        if (Math.hypot(now[0] - before[0], now[1] - before[1]) < 3 && !moved) return;
        moved = true;
        hideTip();
        canvas.classList.add('dragged');
        this.move((before[0] - now[0]) / this.width, (before[1] - now[1]) / this.height);
      } else {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const gap = (a, b) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10);
        this.zoom(gap(before, other) / gap(now, other), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
        moved = true;
      }
      fingers.set(event.pointerId, now);
    });
    const lift = (event) => {
      if (fingers.delete(event.pointerId) && event.type === 'pointerup' && !moved) read(event);
      canvas.classList.remove('dragged');
    };
    canvas.addEventListener('pointerup', lift);
    canvas.addEventListener('pointercancel', lift);
    canvas.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') hideTip(); });
    canvas.addEventListener('dblclick', () => this.show(this.all));
    canvas.addEventListener('wheel', (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;  // else the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240))), ...place(event));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => this.key(event));
  }

  key(event) {
    const does = {
      '+': () => this.zoom(0.7), '=': () => this.zoom(0.7), '-': () => this.zoom(1 / 0.7), '0': () => this.show(this.all),
      ArrowLeft: () => this.move(-0.15, 0), ArrowRight: () => this.move(0.15, 0),
      ArrowUp: () => this.move(0, -0.15), ArrowDown: () => this.move(0, 0.15), Escape: hideTip,
    }[event.key];
    if (does && !event.ctrlKey && !event.metaKey) { event.preventDefault(); does(); }
  }
}

function line(paint, x0, y0, x1, y1) {
  paint.beginPath(); paint.moveTo(x0, y0); paint.lineTo(x1, y1); paint.stroke();
}

function cross(paint, x, y, size) {
  line(paint, x - size, y - size, x + size, y + size);
  line(paint, x - size, y + size, x + size, y - size);
}

function diamond(paint, x, y, size) {
  paint.beginPath();
  paint.moveTo(x, y - size); paint.lineTo(x + size, y); paint.lineTo(x, y + size); paint.lineTo(x - size, y);
  paint.closePath();
  paint.fillStyle = colour('bad');
  paint.fill();
  paint.strokeStyle = colour('card');
  paint.lineWidth = 1;
  paint.stroke();
}

function hex(number) { return '0x' + number.toString(16); }

// Round figures between two ends, about so many.
function ticks(from, to, count) {
  const rough = (to - from) / Math.max(count, 2), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) || rough;
  const found = [];
  for (let i = Math.ceil(from / step); i * step <= to + step * 1e-9; i++) found.push(i * step);
  return found;
}

// The same in powers of two, for MiB.
function sizeTicks(from, to, count) {
  const step = 2 ** Math.ceil(Math.log2((to - from) / Math.max(count, 2))), found = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) found.push(i * step);
  return found;
}
