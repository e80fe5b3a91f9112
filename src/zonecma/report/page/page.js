// The page begins here.
async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function drawLegend(memory) {
  const legend = document.getElementById('legend');
  data.map.holders.forEach((holder, number) => {
    if (!memory.cells.subarray) return;
    const button = document.createElement('button'), sign = document.createElement('i'), item = document.createElement('li');
    if (!hasHolder(memory, number)) return;
    button.type = 'button';
    button.setAttribute('aria-pressed', 'false');
    sign.style.background = `var(--${holder.key})`;
    button.append(sign, holder.name);
    button.addEventListener('click', () => {
      memory.choose(number);
      for (const other of legend.querySelectorAll('button')) other.setAttribute('aria-pressed', 'false');
      button.setAttribute('aria-pressed', String(memory.chosen === number));
    });
    item.append(button);
    legend.append(item);
  });
}

function hasHolder(memory, holder) {
  const { rows, moments, holders } = data.map;
  for (let row = 0; row < rows; row++) {
    const first = (row * holders.length + holder) * moments;
    if (memory.cells.subarray(first, first + moments).some((share) => share > 0)) return true;
  }
  return false;
}

async function startMap() {
  if (!data.map) return;
  const canvas = document.getElementById('map');
  const memory = new MemoryMap(canvas, data.map, data.calls, await inflated(data.map.cells));
  drawLegend(memory);
  const tools = {
    in: () => memory.zoom(0.6), out: () => memory.zoom(1 / 0.6), all: () => memory.show(memory.all),
    area: () => memory.showAreas(), load: () => memory.showLoad(),
  };
  for (const button of document.querySelectorAll('[data-zoom]')) {
    button.addEventListener('click', tools[button.dataset.zoom]);
  }
  for (const button of document.querySelectorAll('[data-call]')) {
    button.addEventListener('click', () => memory.showCall(Number(button.dataset.call)));
  }
  new ResizeObserver(() => memory.draw()).observe(canvas);
  repaints.push(() => { memory.paintCells(); memory.draw(); });
  memory.draw();
  canvas.dataset.drawn = 'yes';
}

function startCharts() {
  for (const place of document.querySelectorAll('[data-chart]')) {
    const chart = new Chart(place, data.charts[place.dataset.chart]);
    let width = place.clientWidth;
    new ResizeObserver(() => { if (place.clientWidth !== width) { width = place.clientWidth; chart.draw(); } }).observe(place);
  }
}

document.getElementById('theme').addEventListener('click', () => {
  document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
  repaintAll();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaintAll);
addEventListener('scroll', hideTip, { passive: true });
startCharts();
startMap();
